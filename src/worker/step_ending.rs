//! The end of an attempt, as the journal has it.

use serde_json::Value;

use super::job_directory::JobDirectory;
use crate::alert::fingerprint;
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::job::step_result;

/// The exit code by which a condition or a check answers no.
const NO: i32 = 1;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct StepEnding {
    /// The outcome of the entry.
    pub(crate) outcome: EntryOutcome,
    /// What the step gave.
    pub(crate) result: Option<Value>,
    /// The failure, if it is one. Raw.
    pub(crate) failure: Option<Failure>,
    /// Whether no other try is to be made.
    pub(crate) is_final: bool,
}

impl StepEnding {
    /// Returns the ending of an attempt that gave nothing and did not fail.
    pub(crate) fn plain(outcome: EntryOutcome) -> Self {
        StepEnding {
            outcome,
            result: None,
            failure: None,
            is_final: false,
        }
    }

    /// Returns the ending of an attempt that failed.
    pub(crate) fn failed(failure: Failure) -> Self {
        StepEnding {
            outcome: EntryOutcome::Failed,
            result: None,
            failure: Some(failure),
            is_final: false,
        }
    }

    /// Returns the ending of a process. `is_killed`: whether a request to kill has ended it;
    /// `others`: how many bytes the results of other steps have.
    pub(crate) fn of(
        outcome: Outcome,
        phase: Phase,
        is_killed: bool,
        step: &str,
        directory: &JobDirectory,
        others: usize,
    ) -> Self {
        match outcome {
            Outcome::Success if phase == Phase::Execute => {
                StepEnding::with_result(step, directory, others)
            }
            Outcome::Success => StepEnding::plain(EntryOutcome::Succeeded),
            Outcome::RetryLater { reason } => StepEnding {
                failure: Some(Failure::new(
                    FailureClass::Error {
                        type_name: "later".to_owned(),
                    },
                    reason,
                )),
                ..StepEnding::plain(EntryOutcome::RetryLater)
            },
            Outcome::Interrupted { .. } if is_killed => StepEnding::plain(EntryOutcome::Killed),
            Outcome::Interrupted { .. } => StepEnding::plain(EntryOutcome::Interrupted),
            Outcome::Fatal(failure) => StepEnding {
                is_final: true,
                ..StepEnding::failed(*failure)
            },
            Outcome::Failure(failure) => {
                let answers = matches!(phase, Phase::When | Phase::Check);
                match failure.class {
                    FailureClass::Exit(NO) if answers => StepEnding::plain(EntryOutcome::Skipped),
                    _ => StepEnding::failed(*failure),
                }
            }
        }
    }

    fn with_result(step: &str, directory: &JobDirectory, others: usize) -> Self {
        let not_taken = |why: String| {
            StepEnding::failed(Failure::new(
                FailureClass::Error {
                    type_name: "result".to_owned(),
                },
                why,
            ))
        };
        let content = match directory.result(step) {
            Ok(content) => content,
            Err(error) => return not_taken(format!("the result cannot be read: {error}")),
        };
        match step_result::parse(&content, others) {
            Ok(result) => StepEnding {
                result,
                ..StepEnding::plain(EntryOutcome::Succeeded)
            },
            Err(error) => not_taken(error.to_string()),
        }
    }

    /// Returns the exit code of a command that failed.
    pub(crate) fn code(&self) -> Option<i32> {
        match self.failure.as_ref()?.class {
            FailureClass::Exit(code) => Some(code),
            _ => None,
        }
    }

    /// Returns the fingerprint of the failure.
    pub(crate) fn kind(&self) -> Option<String> {
        let failure = self.failure.as_ref()?;
        (self.outcome == EntryOutcome::Failed).then(|| fingerprint::of(failure).0)
    }
}
