//! What did not happen: each holds until it is no longer so.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;

/// What did not happen, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct AlertConditions {
    /// Jobs of schedules that have not begun in time, one a schedule.
    pub(crate) late: Vec<LateJob>,
    /// Schedules that are paused because their jobs failed.
    pub(crate) paused: Vec<FailedSchedule>,
    /// Jobs that have waited for longer than `waiting_for_at_most`, the oldest of a definition.
    pub(crate) waiting: Vec<OverdueJob>,
    /// Jobs that need a person, 500 at most.
    pub(crate) stuck: Vec<StuckJob>,
    /// Workers that were not heard from while jobs were theirs, and have not come back, for a week
    /// at most.
    pub(crate) lost: Vec<LostWorker>,
}

/// A job of a schedule that has not begun in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct LateJob {
    /// The schedule.
    pub(crate) schedule: String,
    /// The job.
    pub(crate) job: JobId,
    /// Its slot, in milliseconds since 1970.
    pub(crate) slot: i64,
}

/// A schedule that is paused because its jobs failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct FailedSchedule {
    /// The schedule.
    pub(crate) schedule: String,
    /// How many of its jobs failed in a row.
    pub(crate) failures: u32,
    /// Since when it is paused, in milliseconds since 1970.
    pub(crate) since: i64,
}

/// A job that has waited for too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct OverdueJob {
    /// The definition.
    pub(crate) definition: String,
    /// The job.
    pub(crate) job: JobId,
    /// Since when it waits, in milliseconds since 1970.
    pub(crate) since: i64,
    /// For how long it may, in milliseconds.
    pub(crate) at_most: i64,
}

/// A job that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct StuckJob {
    /// The definition.
    pub(crate) definition: String,
    /// The job.
    pub(crate) job: JobId,
    /// Since when it is stuck, in milliseconds since 1970.
    pub(crate) since: i64,
    /// Why, for people.
    pub(crate) reason: Option<String>,
}

/// A worker that was not heard from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct LostWorker {
    /// Its name.
    pub(crate) name: String,
    /// Its host.
    pub(crate) host: String,
    /// When its jobs were taken from it, in milliseconds since 1970.
    pub(crate) since: i64,
    /// How many these were.
    pub(crate) jobs: u64,
}
