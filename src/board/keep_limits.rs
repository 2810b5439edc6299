//! How long what is over is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const DAY: Duration = Duration::from_secs(86_400);

/// How long jobs that are over are kept; stuck ones are kept until a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct KeepLimits {
    /// How long succeeded jobs are kept.
    pub(crate) succeeded: Duration,
    /// How many succeeded jobs of a definition are kept.
    pub(crate) most_succeeded: u32,
    /// How long failed, reverted and cancelled jobs are kept, and sessions that are over.
    pub(crate) others: Duration,
    /// How long output is kept.
    pub(crate) output: Duration,
}

impl Default for KeepLimits {
    fn default() -> Self {
        KeepLimits {
            succeeded: 7 * DAY,
            most_succeeded: 100_000,
            others: 90 * DAY,
            output: 7 * DAY,
        }
    }
}

/// What one step of the removal has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct GcAnswer {
    /// The removed jobs.
    pub(crate) jobs: u64,
    /// The removed rows of all tables.
    pub(crate) rows: u64,
    /// Whether there is more to remove.
    pub(crate) has_more: bool,
}
