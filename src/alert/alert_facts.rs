//! An alert: a mail that the policy decides on, with its facts.

use std::time::{Duration, SystemTime};

use super::alert_kind::AlertKind;
use super::failure_kind::FailureKind;
use super::outage::{DeferredFailure, OnAndOff, Outage};
use super::tally::SummaryContent;
use crate::core::event::{RunId, TaskIndex};
use crate::core::time::Moment;
use crate::mute::account::ReportedMute;

/// A mail that is due, with its facts. All texts are redacted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alert {
    /// Which sort.
    pub sort: AlertKind,
    /// Which task; `None`: the whole chain.
    pub step: Option<TaskIndex>,
    /// The run that gave rise to it, if one did.
    pub run: Option<RunId>,
    /// The time of the event.
    pub at: Moment,
    /// The kind of the failure that it is about.
    pub kind: Option<FailureKind>,
    /// TEXT: of the failure that it is about (the latest of the outage for
    /// [`AlertKind::Downtime`]); empty if it is about no failure.
    pub text: String,
    /// The outage that it belongs to.
    pub outage: Option<Outage>,
    /// For [`AlertKind::Downtime`] of a task that failed on and off: what was counted.
    pub on_and_off: Option<OnAndOff>,
    /// The end of the last success, and how many runs succeeded since this memory began.
    pub last_success: Option<SystemTime>,
    /// How many runs succeeded between the former outage and this one.
    pub successes_before: u64,
    /// When the next reminder is due if nothing heals.
    pub next_reminder: Option<Moment>,
    /// How often it is repeated from then on.
    pub reminder_interval: Option<Duration>,
    /// What was not mailed for want of a token, or because of a mute, since the last mail of this
    /// task (of the chain for [`AlertKind::HeldBack`]).
    pub held_back: Vec<DeferredFailure>,
    /// How many failures more were held back than that list has room for.
    pub held_back_unnamed: u64,
    /// When the run began that goes on and on; only for [`AlertKind::StillRunning`].
    pub running_since: Option<Moment>,
    /// The Message-ID of the first mail of the outage, if there was one.
    pub thread: Option<String>,
    /// The mutes that it has to report.
    pub mutes: Vec<ReportedMute>,
    /// What is summed up; only for [`AlertKind::Summary`].
    pub summary: Option<SummaryContent>,
    /// Whether the failure ends the runner: nothing of this chain runs after it.
    pub ends_runner: bool,
}

impl Alert {
    /// Creates an alert about no task, with no facts but its kind and time.
    pub(crate) fn of_the_chain(sort: AlertKind, now: Moment) -> Self {
        Alert {
            sort,
            step: None,
            run: None,
            at: now,
            kind: None,
            text: String::new(),
            outage: None,
            on_and_off: None,
            last_success: None,
            successes_before: 0,
            next_reminder: None,
            reminder_interval: None,
            held_back: Vec::new(),
            held_back_unnamed: 0,
            running_since: None,
            mutes: Vec::new(),
            thread: None,
            summary: None,
            ends_runner: false,
        }
    }

    /// Returns whether it is about a task of which no run fails or succeeds: all of them ask to be
    /// tried again later.
    pub(crate) fn only_asks(&self) -> bool {
        self.outage.as_ref().is_some_and(Outage::only_asks)
    }
}
