//! A schedule as the board knows it.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::job_state::JobState;
use crate::schedule::ScheduleSpec;

/// A schedule as the board knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ScheduleRecord {
    /// The name, which no other project may use.
    pub(crate) name: String,
    /// The project whose file has it.
    pub(crate) project: String,
    /// What was written.
    pub(crate) spec: ScheduleSpec,
    /// A number that grows with each change of the schedule, pauses aside.
    pub(crate) version: u64,
    /// The next slot, in milliseconds since 1970; `None`: no slot comes.
    pub(crate) next: Option<i64>,
    /// The pause, if it is paused.
    pub(crate) pause: Option<SchedulePause>,
    /// How many of its jobs have failed in a row.
    pub(crate) failures: u32,
    /// How many slots were posted.
    pub(crate) posted: u64,
    /// How many slots were passed over because no worker was there.
    pub(crate) missed: u64,
    /// How many slots were passed over because the job before was not over.
    pub(crate) skipped: u64,
    /// The last slot that was posted, in milliseconds since 1970.
    pub(crate) last_slot: Option<i64>,
    /// When the last of its jobs was over or stuck, in milliseconds since 1970.
    pub(crate) last_ended: Option<i64>,
    /// Its last jobs, the newest first.
    pub(crate) jobs: Vec<ScheduledJob>,
}

/// Why a schedule posts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct SchedulePause {
    /// Since when, in milliseconds since 1970.
    pub(crate) since: i64,
    /// The user; `None`: its jobs failed too often in a row.
    pub(crate) by: Option<String>,
    /// The reason, for people.
    pub(crate) why: String,
}

/// A job of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ScheduledJob {
    /// The job.
    pub(crate) id: JobId,
    /// Where it stands.
    pub(crate) state: JobState,
    /// The slot, in milliseconds since 1970; `None`: it was run by hand.
    pub(crate) slot: Option<i64>,
    /// When it was over or stuck, in milliseconds since 1970.
    pub(crate) ended: Option<i64>,
}
