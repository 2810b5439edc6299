//! The account of a mute: which mails it held back, until a mail has reported that.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::wish::Mute;
use crate::core::event::TaskIndex;

/// A sort of mail that a mute holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MutedMail {
    /// Of a first failure.
    First,
    /// Of a new kind.
    New,
    /// Of a downtime.
    Downtime,
    /// Of a run that does not end.
    StillRunning,
}

/// The account of a mute of one task: kept until a mail has reported it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MuteAccount {
    /// Since when.
    pub(crate) from: SystemTime,
    /// Until when; when it really ended, if it has.
    pub(crate) until: SystemTime,
    /// The user that asked for the mute.
    pub(crate) by: String,
    /// The reason; empty if none was given.
    pub(crate) reason: String,
    /// Whether it has ended.
    pub(crate) over: bool,
    /// How many mails it held back: of first failures,
    first: u64,
    /// of new kinds,
    new: u64,
    /// of downtimes,
    downtime: u64,
    /// of runs that did not end.
    running: u64,
}

impl MuteAccount {
    /// Makes the account of a mute that begins.
    pub(crate) fn by(mute: &Mute) -> Self {
        MuteAccount {
            from: mute.from,
            until: mute.until,
            by: mute.by.clone(),
            reason: mute.reason.clone(),
            over: false,
            first: 0,
            new: 0,
            downtime: 0,
            running: 0,
        }
    }

    /// Goes on as the account of another mute, which holds now.
    pub(crate) fn go_on_by(&mut self, mute: &Mute) {
        let same = (self.until, &self.by, &self.reason) == (mute.until, &mute.by, &mute.reason);
        self.over = false;
        if !same {
            self.until = mute.until;
            self.by.clone_from(&mute.by);
            self.reason.clone_from(&mute.reason);
        }
    }

    /// Takes note that it has ended.
    pub(crate) fn end(&mut self, now: SystemTime) {
        self.over = true;
        // After a clock was set it is unknown when that was.
        if now >= self.from {
            self.until = self.until.min(now);
        }
    }

    /// Counts a mail that was held back.
    pub(crate) fn hold_back(&mut self, sort: MutedMail) {
        let count = match sort {
            MutedMail::First => &mut self.first,
            MutedMail::New => &mut self.new,
            MutedMail::Downtime => &mut self.downtime,
            MutedMail::StillRunning => &mut self.running,
        };
        *count = count.saturating_add(1);
    }

    /// Begins to count anew: a mail has reported what was counted.
    pub(crate) fn told(&mut self) {
        (self.first, self.new, self.downtime, self.running) = (0, 0, 0, 0);
    }

    /// Returns how many mails it held back.
    pub(crate) fn total(&self) -> u64 {
        let counts = self.counts();
        counts.map(|(_, count)| count).into_iter().sum()
    }

    /// Returns how many of each sort, in the words of subjects.
    pub(crate) fn counts(&self) -> [(&'static str, u64); 4] {
        [
            ("First exception caught", self.first),
            ("New exception caught", self.new),
            ("Non recoverable downtime reached", self.downtime),
            ("Still running", self.running),
        ]
    }
}

/// What a mail reports of a mute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReportedMute {
    /// Of which task.
    pub(crate) step: TaskIndex,
    /// The mute.
    pub(crate) muted: MuteAccount,
    /// Since when that task is down, if it is.
    pub(crate) down_since: Option<SystemTime>,
}

/// A mute has begun or ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MuteNews {
    /// Which.
    pub(crate) mute: Mute,
    /// How many mails it held back, if it has ended.
    pub(crate) ended: Option<u64>,
}
