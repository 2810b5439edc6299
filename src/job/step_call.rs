//! A call of a function of a step, in whatever process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core::failure::Outcome;
use crate::flow::journal::Phase;

/// What is called, with which data of the job.
#[doc(hidden)]
#[derive(Clone, Serialize, Deserialize)]
pub struct StepCall {
    /// The job.
    pub(crate) job: String,
    /// The number of the job.
    pub(crate) job_id: u64,
    /// The step.
    pub(crate) step: String,
    /// Which of the functions of the step.
    pub(crate) phase: Phase,
    /// Which attempt of that phase within the round, from 1.
    pub(crate) attempt: u32,
    /// The arguments of the job.
    pub(crate) args: Map<String, Value>,
    /// The results that the functions of the step read, its own for a revert.
    pub(crate) results: BTreeMap<String, Value>,
    /// The value of `try_each` of this execution.
    pub(crate) each: Option<Value>,
    /// The text of the failure that a revert follows.
    pub(crate) error: Option<String>,
    /// The directory of the job. Absolute.
    pub(crate) job_dir: PathBuf,
}

impl fmt::Debug for StepCall {
    /// Prints no arguments and no results: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepCall")
            .field("job", &self.job)
            .field("step", &self.step)
            .field("phase", &self.phase)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// What the process around a call gives.
#[doc(hidden)]
#[derive(Clone)]
pub struct StepSurroundings {
    /// The fence of the job.
    pub(crate) fence: u64,
    /// When the attempt is ended.
    pub(crate) deadline: Option<SystemTime>,
    /// Whether the attempt was asked to end.
    pub(crate) should_stop: fn() -> bool,
    /// Prints a line of progress.
    pub(crate) print: Rc<dyn Fn(&str)>,
}

impl fmt::Debug for StepSurroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepSurroundings")
            .field("fence", &self.fence)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// What a call came to.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct StepReply {
    /// How it ended. The answer no of a condition or a check is exit code 1, as of a command.
    pub(crate) outcome: Outcome,
    /// What an execution gave.
    pub(crate) result: Option<Value>,
}
