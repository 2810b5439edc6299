//! What the steps of a job have printed.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;

/// A piece of the output of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct OutputPart {
    /// Its number within the job, given by the worker; a part that is sent twice is stored once.
    pub(crate) part: u64,
    /// The step.
    pub(crate) step: String,
    /// Which attempt, from 1.
    pub(crate) attempt: u32,
    /// When it was printed, in milliseconds since 1970.
    pub(crate) at: i64,
    /// How many bytes were left out before it.
    pub(crate) omitted: u64,
    /// The redacted text.
    pub(crate) text: String,
}

/// Parts that the holder of a job sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct OutputBatch {
    /// The job.
    pub(crate) id: JobId,
    /// The fence of the claim under which they were printed.
    pub(crate) fence: u64,
    /// The parts.
    pub(crate) parts: Vec<OutputPart>,
}
