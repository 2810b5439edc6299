//! What a function returned, whatever its type, as the outcome of a run.

use std::any::type_name;
use std::error::Error;

use super::error::{ErrorEffect, Mark, Marks, TaskError, words};
use crate::core::failure::{Failure, FailureClass, Outcome};

/// How many causes of an error are kept; a chain that refers to itself has no end.
const MOST_CAUSES: usize = 32;

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

/// What a task can return.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a task cannot return `{Self}`",
    label = "a task returns nothing, or `Result<(), E>`",
    note = "`E` is any error type that is `Send + Sync`, a `String`, a `Box<dyn Error + Send + Sync>`, or what else is `Into<Box<dyn Error + Send + Sync>>`",
    note = "a value that nobody takes is dropped: end the function with `Ok(())`"
)]
pub trait IntoReport {
    /// Returns what the runner is to make of it.
    fn into_report(self) -> Report;
}

impl IntoReport for () {
    fn into_report(self) -> Report {
        Report(Outcome::Success)
    }
}

// Without this the compiler reports which conversion into a box is missing, and not what a task can
// return.
#[diagnostic::do_not_recommend]
impl<E> IntoReport for Result<(), E>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn into_report(self) -> Report {
        match self {
            Ok(()) => Report(Outcome::Success),
            Err(error) => Report(judge(&*error.into(), type_name::<E>())),
        }
    }
}

/// The error types of this crate that are defined elsewhere than where they are public, each with
/// its public path: a kind in a file of an earlier release holds that path.
const PUBLIC_PATHS: [(&str, &str); 2] = [
    (
        "run_functions::testing::invalid_chain::InvalidChain",
        "run_functions::testing::InvalidChain",
    ),
    (
        "run_functions::testing::invalid_job::InvalidJob",
        "run_functions::testing::InvalidJob",
    ),
];

fn public_path(type_name: &str) -> &str {
    let row = PUBLIC_PATHS.iter().find(|(path, _)| *path == type_name);
    row.map_or(type_name, |(_, public)| public)
}

fn judge(error: &(dyn Error + 'static), type_name: &str) -> Outcome {
    let type_name = if error.is::<TaskError>() {
        "run_functions::TaskError"
    } else {
        public_path(type_name)
    };
    let class = FailureClass::Error {
        type_name: type_name.to_owned(),
    };
    let mut marks = Marks::default();
    let mut failure = Failure::new(class, words(error, &mut marks));
    let chain = std::iter::successors(Some(error), |&error| error.source());
    for (depth, error) in chain.take(MOST_CAUSES).enumerate() {
        marks.note(error);
        if depth > 0 && !error.is::<Mark>() {
            failure.causes.push(words(error, &mut marks));
        }
    }
    failure.kind = marks.kind;
    match marks.effect {
        ErrorEffect::Fail => Outcome::Failure(Box::new(failure)),
        ErrorEffect::Stop => Outcome::Fatal(Box::new(failure)),
        ErrorEffect::RetryLater => Outcome::RetryLater {
            reason: failure.text(),
        },
    }
}
