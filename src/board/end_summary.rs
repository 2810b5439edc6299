//! How the jobs of a definition have ended.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::job_state::JobState;

/// How the jobs of a definition have ended in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct EndSummary {
    /// The definition.
    pub(crate) definition: String,
    /// The state: one that is over, or stuck.
    pub(crate) state: JobState,
    /// How many ended so since the moment that was asked for, counted to 10,001 at most.
    pub(crate) jobs: u64,
    /// The job that ended so last, whenever that was.
    pub(crate) last: JobId,
    /// When that was, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Why, for people.
    pub(crate) reason: Option<String>,
}
