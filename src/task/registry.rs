//! Registration without a list: what `#[run_functions::task]` leaves in the binary, and what is found there.

use std::any::type_name;
use std::error::Error;
use std::time::Duration;

use super::error::Effect;
use super::{TaskError, TaskName};
use crate::failure::{Failure, FailureClass, Outcome};

/// A function that the attribute has registered. Made by the macro only.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registration {
    /// `module_path!()` where the function is.
    pub module_path: &'static str,
    /// The function's own name.
    pub function: &'static str,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// What the attribute says.
    pub attributes: Attributes,
    /// Runs it once.
    pub run: fn() -> Report,
}

inventory::collect!(Registration);

/// What the attribute says; `None`: nothing.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes {
    /// `success_cooldown = "…"`
    pub success_cooldown: Option<Duration>,
    /// `fail_cooldown = "…"`
    pub fail_cooldown: Option<Duration>,
    /// `non_recoverable_downtime = "…"`
    pub non_recoverable_downtime: Option<Duration>,
    /// `timeout = "…"`; `Some(None)` is "never".
    pub timeout: Option<Option<Duration>>,
    /// `warn_after = "…"`
    pub warn_after: Option<Duration>,
    /// `isolate = true`
    pub isolate: Option<bool>,
}

impl Registration {
    /// Returns the name under which it is known.
    pub fn name(&self) -> TaskName {
        TaskName::of_function(self.module_path, self.function)
    }

    /// Returns the crate that it is in.
    pub fn crate_name(&self) -> &'static str {
        self.module_path
            .split("::")
            .next()
            .unwrap_or(self.module_path)
    }
}

/// Returns every function that is registered in this binary, in order of name.
#[doc(hidden)]
pub fn registered() -> Vec<&'static Registration> {
    let mut all: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
    all.sort_by_key(|registration| registration.name());
    all
}

/// What a function returned, whatever its type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Report(Outcome);

impl Report {
    /// Returns the outcome.
    pub(crate) fn into_outcome(self) -> Outcome {
        self.0
    }
}

impl From<()> for Report {
    fn from((): ()) -> Self {
        Report(Outcome::Success)
    }
}

impl<E> From<Result<(), E>> for Report
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Report(Outcome::Success),
            Err(error) => Report(judge(error.into(), type_name::<E>())),
        }
    }
}

fn judge(error: Box<dyn Error + Send + Sync>, type_name: &'static str) -> Outcome {
    match error.downcast::<TaskError>() {
        Ok(error) => {
            let effect = error.effect();
            let (source, _, kind) = error.into_parts();
            let mut failure = failure_of(source.as_ref(), "run_functions::TaskError");
            failure.kind = kind;
            match effect {
                Effect::Fail => Outcome::Failure(Box::new(failure)),
                Effect::Stop => Outcome::Fatal(Box::new(failure)),
                Effect::RetryLater => Outcome::RetryLater {
                    reason: failure.text(),
                },
            }
        }
        Err(error) => Outcome::Failure(Box::new(failure_of(error.as_ref(), type_name))),
    }
}

fn failure_of(error: &(dyn Error + 'static), type_name: &str) -> Failure {
    const MOST_CAUSES: usize = 32;
    let class = FailureClass::Error {
        type_name: type_name.to_owned(),
    };
    let mut failure = Failure::new(class, error.to_string());
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    failure.causes = causes.take(MOST_CAUSES).map(ToString::to_string).collect();
    failure
}
