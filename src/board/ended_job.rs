//! A job that has ended, for histories.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::job_state::JobState;

/// A job that has ended, or is stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct EndedJob {
    /// The job.
    pub(crate) id: JobId,
    /// The name of the definition.
    pub(crate) definition: String,
    /// How it ended.
    pub(crate) state: JobState,
    /// When its first attempt began, in milliseconds since 1970; `None`: no step was begun.
    pub(crate) began: Option<i64>,
    /// When it ended, in milliseconds since 1970.
    pub(crate) ended: i64,
    /// Why it ended so, for people.
    pub(crate) reason: Option<String>,
    /// The fingerprint of its last failure.
    pub(crate) kind: Option<String>,
}

/// A query over jobs that have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct EndFilter {
    /// Only jobs of this definition.
    pub(crate) definition: Option<String>,
    /// Only jobs that ended at this moment or later, in milliseconds since 1970.
    pub(crate) since: i64,
    /// Whether jobs that succeeded are left out.
    pub(crate) is_of_failures: bool,
    /// How many at most: those that ended last.
    pub(crate) limit: u32,
}
