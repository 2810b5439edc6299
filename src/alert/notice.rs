//! What the policy decides: that the admin is to be told, and of what.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::mute::ToldMute;
use super::tally::Summary;
use crate::event::{RunId, Step};
use crate::time::Moment;

/// The fingerprint of a failure: two failures of one kind are "the same exception". Twelve hexadecimal digits, or the task's own word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Kind(pub String);

/// The sorts of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sort {
    /// The first failure that this memory sees.
    First,
    /// A failure of a kind that is not in this memory.
    New,
    /// The outage has lasted `count` times the non-recoverable downtime.
    Downtime {
        /// 1: "reached"; from 2 on "reached again".
        count: u32,
    },
    /// A run goes on for longer than `warn_after`.
    StillRunning,
    /// The outage has ended.
    Healed,
    /// What was held back, alone in one mail, now that the rate allows it.
    HeldBack,
    /// The regular summary, though all may be well.
    Summary,
}

impl Kind {
    /// Returns the kind of the same failure when it ends the runner: that is news, whatever was mailed before.
    pub(crate) fn ending_the_runner(mut self) -> Self {
        self.0.push('!');
        self
    }
}

impl Sort {
    /// Returns its word in headers, events and the state: `first`, `new`, `downtime`, `again`, `running`, `healed`, `digest` (of
    /// what was held back), `summary`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Sort::First => "first",
            Sort::New => "new",
            Sort::Downtime { count: 0 | 1 } => "downtime",
            Sort::Downtime { .. } => "again",
            Sort::StillRunning => "running",
            Sort::Healed => "healed",
            Sort::HeldBack => "digest",
            Sort::Summary => "summary",
        }
    }
}

/// A mail that is due, with the facts that it tells. All texts are redacted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// Which sort.
    pub sort: Sort,
    /// Which task; `None`: the whole chain.
    pub step: Option<Step>,
    /// The run that gave rise to it, if one did.
    pub run: Option<RunId>,
    /// The time of the event.
    pub at: Moment,
    /// The kind of the failure that it is about.
    pub kind: Option<Kind>,
    /// TEXT: of the failure that it is about (the latest of the outage for [`Sort::Downtime`]); empty if there is none.
    pub text: String,
    /// The outage that it belongs to.
    pub outage: Option<Outage>,
    /// The end of the last success, and how many runs succeeded since this memory began.
    pub last_success: Option<SystemTime>,
    /// How many runs succeeded between the former outage and this one.
    pub successes_before: u64,
    /// When the next reminder is due if nothing heals.
    pub next_reminder: Option<Moment>,
    /// How often it is repeated from then on.
    pub reminder_interval: Option<Duration>,
    /// What was not mailed for want of a token, or because of a mute, since the last mail of this task (of the chain for [`Sort::HeldBack`]).
    pub held_back: Vec<HeldBack>,
    /// How many failures more were held back than that list has room for.
    pub held_back_unnamed: u64,
    /// When the run began that goes on and on; only for [`Sort::StillRunning`].
    pub running_since: Option<Moment>,
    /// The Message-ID of the first mail of the outage, if there was one.
    pub thread: Option<String>,
    /// The mutes that it has to tell of.
    pub mutes: Vec<ToldMute>,
    /// What is summed up; only for [`Sort::Summary`].
    pub summary: Option<Summary>,
    /// Whether the failure ends the runner: nothing of this chain runs after it.
    pub ends_runner: bool,
}

impl Notice {
    /// Returns whether it is about a task of which no run fails or succeeds: all of them ask to be tried again later.
    pub(crate) fn only_asks(&self) -> bool {
        self.outage.as_ref().is_some_and(Outage::only_asks)
    }
}

/// From the first failed run to the next success; or, as long as none has failed, from the first of those that ask to be tried again later.
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
}

impl Outage {
    /// Returns whether no run of it has failed: all of them have asked to be tried again later.
    pub(crate) fn only_asks(&self) -> bool {
        self.failures == 0 && self.asks > 0
    }
}

/// How often a kind was seen in an outage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KindCount {
    /// The fingerprint.
    pub kind: Kind,
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
}

/// A mail that found no token, or was not wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeldBack {
    /// About which task.
    pub step: Step,
    /// `first` or `new`.
    pub sort: String,
    /// The kind.
    pub kind: Kind,
    /// The text.
    pub text: String,
    /// How often it was held back.
    pub count: u64,
    /// First and last time.
    pub first: SystemTime,
    /// See `first`.
    pub last: SystemTime,
}
