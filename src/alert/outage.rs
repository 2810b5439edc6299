//! An outage of a task, with the kinds of failure that were counted in it.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::failure_kind::FailureKind;
use crate::core::event::TaskIndex;
use crate::core::time::Moment;

/// From the first failed run to the next success; or, as long as none has failed, from the first of
/// those that ask to be tried again later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outage {
    /// Unique within the task; later ones are greater.
    pub number: u64,
    /// The start of its first failed run.
    pub started: Moment,
    /// Its end, if it has ended.
    pub ended: Option<Moment>,
    /// How many runs failed.
    pub failures: u64,
    /// How many runs asked to be tried again later before one failed.
    #[serde(default)]
    pub asks: u64,
    /// Every distinct kind, in order of first appearance.
    pub kinds: Vec<KindCount>,
    /// How many kinds were forgotten because there were too many.
    pub kinds_forgotten: u64,
    /// What is known of the same outage from before a start by a user, which forgot the kinds.
    #[serde(default)]
    pub before: Option<EarlierPart>,
}

/// The part of an outage that earlier runners saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EarlierPart {
    /// The start of the first failed run.
    pub started: SystemTime,
    /// How many runs failed.
    pub failures: u64,
}

impl Outage {
    /// Returns when the outage really began, whichever runner saw it.
    pub(crate) fn began(&self) -> SystemTime {
        let before = self.before.map(|before| before.started);
        before.map_or(self.started.wall, |before| before.min(self.started.wall))
    }

    /// Returns how long the outage had lasted when this part of the outage started.
    pub(crate) fn lasted_before(&self) -> Duration {
        let gap = self.started.wall.duration_since(self.began());
        gap.unwrap_or_default()
    }

    /// Returns how many runs of the whole outage failed.
    pub(crate) fn all_failures(&self) -> u64 {
        let before = self.before.map_or(0, |before| before.failures);
        self.failures.saturating_add(before)
    }

    /// Returns the facts that outlive a start by a user.
    pub(crate) fn earlier_part(&self) -> Option<EarlierPart> {
        (!self.only_asks() && self.all_failures() > 0).then(|| EarlierPart {
            started: self.began(),
            failures: self.all_failures(),
        })
    }

    /// Returns whether no run of it has failed: all of them have asked to be tried again later.
    pub(crate) fn only_asks(&self) -> bool {
        self.failures == 0 && self.asks > 0
    }
}

/// How often a kind was seen in an outage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KindCount {
    /// The fingerprint.
    pub kind: FailureKind,
    /// The text of its latest failure.
    pub text: String,
    /// How often.
    pub count: u64,
    /// First seen.
    pub first: SystemTime,
    /// Last seen.
    pub last: SystemTime,
    /// When it was mailed, if ever.
    pub mailed: Option<SystemTime>,
    /// When it was seen before this outage, if that is known.
    #[serde(default)]
    pub seen_before: Option<SystemTime>,
}

/// How a task fared that failed on and off until its downtime was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnAndOff {
    /// How many runs failed.
    pub failures: u64,
    /// How many runs there were.
    pub runs: u64,
    /// In which time.
    pub span: Duration,
}

/// A mail that found no token, or was not wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeferredFailure {
    /// About which task.
    pub step: TaskIndex,
    /// `first` or `new`.
    pub sort: String,
    /// The kind.
    pub kind: FailureKind,
    /// The text.
    pub text: String,
    /// How often it was held back.
    pub count: u64,
    /// First and last time.
    pub first: SystemTime,
    /// See `first`.
    pub last: SystemTime,
}
