//! What a function of a step can return.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::failure::Outcome;
use crate::task::IntoReport;

/// What the function of a step can return: nothing, or a `Result`.
///
/// A result is stored as JSON, of 64 KiB at most: what is larger goes into a file in
/// [`job_dir`](super::StepContext::job_dir), whose name is returned. An error is any that a
/// [task](macro@crate::task) can return; [`TaskError`](crate::TaskError) has the try made again
/// later, or the step fail without another try.
#[diagnostic::on_unimplemented(
    message = "a step cannot return `{Self}`",
    label = "a step returns nothing, or `Result<T, E>`",
    note = "`T` derives `serde::Serialize` and `serde::Deserialize`; `E` is any error type that is `Send + Sync`, a `String`, a `Box<dyn Error + Send + Sync>`, or what else is `Into<Box<dyn Error + Send + Sync>>`"
)]
pub trait StepReturn {
    /// What later steps read.
    type Value: Serialize + DeserializeOwned + 'static;

    /// Returns the value, or the outcome of the attempt.
    #[doc(hidden)]
    fn into_value(self) -> Result<Self::Value, StepFailure>;
}

/// The end of an attempt that gave nothing.
#[doc(hidden)]
#[derive(Debug)]
pub struct StepFailure(pub(super) Outcome);

impl StepReturn for () {
    type Value = ();

    fn into_value(self) -> Result<(), StepFailure> {
        Ok(())
    }
}

// Without this the compiler reports which conversion into a box is missing, and not what a step can
// return.
#[diagnostic::do_not_recommend]
impl<T, E> StepReturn for Result<T, E>
where
    T: Serialize + DeserializeOwned + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Value = T;

    fn into_value(self) -> Result<T, StepFailure> {
        self.map_err(failure)
    }
}

/// What a condition or a check can return: `bool`, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "a condition cannot return `{Self}`",
    label = "a condition or a check returns `bool`, or `Result<bool, E>`"
)]
pub trait StepAnswer {
    /// Returns the answer, or the outcome of the attempt.
    #[doc(hidden)]
    fn into_answer(self) -> Result<bool, StepFailure>;
}

impl StepAnswer for bool {
    fn into_answer(self) -> Result<bool, StepFailure> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<E> StepAnswer for Result<bool, E>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn into_answer(self) -> Result<bool, StepFailure> {
        self.map_err(failure)
    }
}

fn failure<E: Into<Box<dyn Error + Send + Sync>>>(error: E) -> StepFailure {
    StepFailure(Err::<(), E>(error).into_report().into_outcome())
}
