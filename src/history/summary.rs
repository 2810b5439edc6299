//! What all records of a chain come to: enough for `status`, so that it need not read them all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::totals::{MailTotals, Totals};
use super::values::{RunResult, Stamp, is_zero, nanos};

const HOUR: Duration = Duration::from_secs(3600);
pub(super) const HOURS_OF_A_DAY: u64 = 24;

/// How the tasks of a chain fare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChainSummary {
    /// Of each task, in the order of the chain.
    pub(crate) tasks: Vec<TaskSummary>,
    /// How the last runner ended, if it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<(Stamp, String)>,
    /// When the last runner began.
    #[serde(default)]
    pub(crate) began: Stamp,
    /// The boot in which it did; 0: not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) boot: u64,
    /// All mails of the chain.
    #[serde(default, skip_serializing_if = "MailTotals::is_empty")]
    pub(crate) mails: MailTotals,
}

/// How a task fares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskSummary {
    /// What it is called on the screen.
    pub(crate) task: String,
    /// Its last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<LastRun>,
    /// Its last runs, oldest first.
    #[serde(default)]
    pub(crate) recent: Vec<Tick>,
    /// Its runs of the last day: hour since 1970, successes, failures.
    #[serde(default)]
    pub(super) hours: Vec<(u64, u64, u64)>,
    /// The start of the first failure since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) down_since: Option<Stamp>,
    /// How many runs failed since then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) failures: u64,
    /// The start of the first run that asked to be tried again later, if all have since the last
    /// one that succeeded or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asking_since: Option<Stamp>,
    /// How many runs asked since then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) asks: u64,
    /// The end of the first success since the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) healthy_since: Option<Stamp>,
    /// The end of the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_success: Option<Stamp>,
    /// All its runs.
    #[serde(default, skip_serializing_if = "Totals::is_empty")]
    pub(crate) totals: Totals,
}

/// The last run of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastRun {
    /// When it ended.
    pub(crate) ended: Stamp,
    /// How long it took.
    #[serde(with = "nanos")]
    pub(crate) took: Duration,
    /// How it ended.
    pub(crate) result: RunResult,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

/// How long a run took, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tick(
    #[serde(with = "nanos")] pub(crate) Duration,
    pub(crate) RunResult,
);

impl TaskSummary {
    /// Returns how many runs succeeded and how many failed in the 24 hours before `now`, to the
    /// hour.
    pub(crate) fn last_day(&self, now: Stamp) -> (u64, u64) {
        let first = hour_of(now).saturating_sub(HOURS_OF_A_DAY - 1);
        let hours = self.hours.iter().filter(|(hour, ..)| *hour >= first);
        hours.fold((0, 0), |(ok, failed), (_, more, worse)| {
            (ok + more, failed + worse)
        })
    }
}

/// Returns the hour since 1970 of a time.
pub(super) fn hour_of(at: Stamp) -> u64 {
    at.0 / (HOUR.as_secs() * 1_000_000)
}
