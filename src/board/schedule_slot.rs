//! Slots of schedules: what a look finds, and how one is taken.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::post::{Post, PostReceipt};
use crate::schedule::ScheduleSpec;

/// A clock that is set back by more than this is a correction: the new time holds at once.
pub(crate) const SET_BACK_MILLIS: i64 = 3 * 3600 * 1000;

/// What a look at the schedules finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ScheduleLook {
    /// Schedules whose slot has come, or whose next slot was planned by a clock that has been set
    /// back since.
    pub(crate) due: Vec<DueSchedule>,
    /// When the next slot comes, in milliseconds since 1970.
    pub(crate) next: Option<i64>,
    /// Whether there is news to be reported.
    pub(crate) has_news: bool,
}

/// A schedule whose slot is to be taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct DueSchedule {
    /// The name.
    pub(crate) name: String,
    /// The project.
    pub(crate) project: String,
    /// The version that was looked at.
    pub(crate) version: u64,
    /// What is written.
    pub(crate) spec: ScheduleSpec,
    /// The slot, in milliseconds since 1970.
    pub(crate) slot: i64,
    /// When the last of its jobs was over.
    pub(crate) last_ended: Option<i64>,
}

/// The request to take a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct SlotTaking {
    /// The schedule.
    pub(crate) name: String,
    /// The version that was looked at.
    pub(crate) version: u64,
    /// The slot that was looked at, in milliseconds since 1970.
    pub(crate) due: i64,
    /// What is posted, and for which slot; `None`: nothing is.
    pub(crate) post: Option<(i64, Post)>,
    /// Whether a job is posted for each live worker that can do it.
    #[serde(default)]
    pub(crate) every_worker: bool,
    /// How many slots are passed over.
    pub(crate) missed: u64,
    /// The next slot.
    pub(crate) next: Option<i64>,
}

/// The answer to the taking of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum SlotAnswer {
    /// The job is posted, or was for this slot.
    Posted(PostReceipt),
    /// The slot is passed over, as was asked.
    PassedOver,
    /// The slot is skipped: this job of the slot before is not over.
    Skipped(JobId),
    /// The slot waits until this job of the slot before is over; nothing was changed.
    Held(JobId),
    /// Another worker has taken the slot, or the schedule has changed; nothing was changed.
    Lost,
}

/// Something about schedules that is to be mailed. Each is returned once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleNews {
    /// The schedule is paused, since its jobs failed too often in a row.
    Paused {
        /// The schedule.
        name: String,
        /// How many failed.
        failures: u32,
    },
    /// The job of a slot has not begun in time.
    Late {
        /// The schedule.
        name: String,
        /// The job.
        job: JobId,
        /// The slot, in milliseconds since 1970.
        slot: i64,
    },
    /// The job of a slot had begun in time.
    InTime {
        /// The schedule.
        name: String,
    },
}

impl Post {
    /// Makes of a post that for a slot of a schedule: a second one for the same slot is the same
    /// job.
    pub(crate) fn of_slot(self, due: &DueSchedule, slot: i64, now: i64) -> Self {
        let posting = format!("schedule {} {slot}", due.name);
        self.of_schedule(&due.name, &due.project, &due.spec, posting, now)
    }

    /// Makes of a post that of a job of a schedule.
    pub(crate) fn of_schedule(
        self,
        name: &str,
        project: &str,
        spec: &ScheduleSpec,
        posting: String,
        now: i64,
    ) -> Self {
        Post {
            priority: spec.priority,
            expires: spec.expires.map(|span| now.saturating_add(span)),
            project: Some(project.to_owned()),
            posted_by: format!("schedule {name}"),
            posting,
            ..self
        }
    }
}
