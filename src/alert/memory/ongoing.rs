//! An outage that goes on, or has just ended.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::super::{
    failure_kind::FailureKind,
    outage::{KindCount, Outage},
};
use super::bounds::{MOST_KINDS, bounded};
use crate::core::time::Mono;

/// An outage, and what was mailed of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ongoing {
    /// What it is.
    pub(crate) outage: Outage,
    /// For how many times the non-recoverable downtime a mail was sent.
    pub(crate) reminded: u32,
    /// For how many a mail was held back by a mute.
    #[serde(default)]
    pub(crate) withheld: u32,
    /// With which debt it began: its reminders come earlier by that.
    #[serde(default)]
    pub(crate) debt: Duration,
    /// The Message-ID of its first mail.
    pub(crate) thread: Option<String>,
    /// How many runs succeeded between the former outage and this one.
    pub(crate) successes_before: u64,
    /// The latest failure.
    pub(crate) latest: Latest,
}

/// The latest failure of an outage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latest {
    /// Its kind.
    pub(crate) kind: FailureKind,
    /// Its text, perhaps cut.
    pub(crate) text: String,
}

impl Ongoing {
    /// Returns whether the task is down: a run has failed, or it has asked for later until that
    /// was, or would have been, mailed.
    pub(crate) fn is_down(&self) -> bool {
        !self.outage.only_asks() || self.reminded.max(self.withheld) > 0
    }

    /// Returns the moment from which its downtime counts: its start, earlier by the debt with which
    /// it began.
    pub(crate) fn anchor(&self) -> Mono {
        self.outage.started.mono - self.debt
    }

    /// Returns the story that it and `later` are together: the health between them was too short to
    /// be mailed.
    pub(crate) fn joined(self, mut later: Ongoing) -> Ongoing {
        later.outage.started = self.outage.started;
        later.outage.before = self.outage.before;
        later.outage.failures = later.outage.failures.saturating_add(self.outage.failures);
        later.reminded = later.reminded.max(self.reminded);
        later.thread = self.thread.or(later.thread);
        later.successes_before = self.successes_before;
        later
    }

    pub(super) fn enter(
        &mut self,
        kind: &FailureKind,
        text: &str,
        at: SystemTime,
        (mailed, seen_before): (Option<SystemTime>, Option<SystemTime>),
    ) {
        let text = bounded(text);
        self.outage.failures = self.outage.failures.saturating_add(1);
        self.latest.kind.0.clone_from(&kind.0);
        overwrite(&mut self.latest.text, text);
        let kinds = &mut self.outage.kinds;
        if let Some(entry) = kinds.iter_mut().find(|entry| entry.kind == *kind) {
            entry.count = entry.count.saturating_add(1);
            entry.last = at;
            entry.mailed = entry.mailed.or(mailed);
            overwrite(&mut entry.text, text);
            return;
        }
        if kinds.len() >= MOST_KINDS {
            let oldest = kinds.iter().enumerate().min_by_key(|(_, kind)| kind.last);
            let oldest = oldest.map_or(0, |(index, _)| index);
            kinds.remove(oldest);
            self.outage.kinds_forgotten = self.outage.kinds_forgotten.saturating_add(1);
        }
        kinds.push(KindCount {
            kind: kind.clone(),
            text: text.to_owned(),
            count: 1,
            first: at,
            last: at,
            mailed,
            seen_before,
        });
    }
}

pub(super) fn overwrite(old: &mut String, new: &str) {
    old.clear();
    old.push_str(new);
}
