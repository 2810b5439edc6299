//! What the function of a job has built.

use std::collections::BTreeMap;
use std::time::Duration;

use super::argument_schema::ArgumentSchema;
use crate::flow::definition::Group;

/// How long a command or a function of a step may take, where nothing is written.
pub(crate) const STEP_TIMEOUT: Duration = Duration::from_secs(3600);

/// What the function of a job has built.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct DraftedJob {
    /// The list of top.
    pub(crate) root: Group,
    /// The arguments.
    pub(crate) args: ArgumentSchema,
    /// How long the functions of each step may take.
    pub(crate) timeouts: BTreeMap<String, StepTimeouts>,
    /// What is wrong, a fragment each: what, and perhaps `; ` and the remedy.
    pub(crate) errors: Vec<String>,
}

/// How long the functions of a step may take; `None`: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepTimeouts {
    /// Of an execution, a condition and a check.
    pub(crate) execute: Option<Duration>,
    /// Of a revert.
    pub(crate) revert: Option<Duration>,
}

impl Default for StepTimeouts {
    fn default() -> Self {
        StepTimeouts {
            execute: Some(STEP_TIMEOUT),
            revert: Some(STEP_TIMEOUT),
        }
    }
}
