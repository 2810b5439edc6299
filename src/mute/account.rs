//! Mails that somebody does not want for a while: they are held back until then, and never longer.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::notice::Sort;
use crate::event::Step;
use crate::time::{Moment, Mono};

/// The longest that mails are held back at a stretch: what is silent for longer is forgotten.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// Somebody's wish that mails about a task, or a whole chain, are held back for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mute {
    /// The full name of the task; `None`: the whole chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<String>,
    /// From when on.
    pub(crate) from: SystemTime,
    /// Until when.
    pub(crate) until: SystemTime,
    /// Who wished it.
    pub(crate) by: String,
    /// Why; empty if that was not said.
    #[serde(default)]
    pub(crate) reason: String,
    /// The boot on which it was made.
    pub(crate) boot: String,
    /// `from` on the clock of that boot.
    pub(crate) made: Mono,
}

impl Mute {
    /// Returns when it ends on the clock that is waited by, as far as can be known at `now`; `None` when it does not hold.
    ///
    /// It ends at the time on the wall that was promised, and after as long as was asked for, whichever is first: no clock that is set
    /// makes it longer. After a reboot only the wall clock is left; one that shows a time before the mute cannot be believed, and in doubt
    /// there is mail.
    pub(crate) fn ends(&self, now: Moment, boot: &str) -> Option<Mono> {
        let length = self.until.duration_since(self.from).ok()?.min(LONGEST);
        let left = self.until.duration_since(now.wall).ok()?.min(length);
        let by_wall = now.mono + left;
        let ends = if self.is_of(boot) {
            by_wall.min(self.made + length)
        } else {
            by_wall
        };
        (!self.is_to_come(now, boot) && ends > now.mono).then_some(ends)
    }

    /// Returns whether its time has not begun.
    pub(crate) fn is_to_come(&self, now: Moment, boot: &str) -> bool {
        if self.is_of(boot) {
            now.mono < self.made
        } else {
            now.wall < self.from
        }
    }

    /// Returns whether it concerns a task.
    pub(crate) fn is_about(&self, task: &str) -> bool {
        self.task.as_deref().is_none_or(|name| name == task)
    }

    fn is_of(&self, boot: &str) -> bool {
        !boot.is_empty() && self.boot == boot
    }
}

/// The account of a mute of one task: kept until a mail has told it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Muted {
    /// Since when.
    pub(crate) from: SystemTime,
    /// Until when; when it really ended, if it has.
    pub(crate) until: SystemTime,
    /// Who wished it.
    pub(crate) by: String,
    /// Why; empty if that was not said.
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

impl Muted {
    /// Makes the account of a mute that begins.
    pub(crate) fn by(mute: &Mute) -> Self {
        Muted {
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
        // A clock that was set says nothing about when that was.
        if now >= self.from {
            self.until = self.until.min(now);
        }
    }

    /// Counts a mail that was held back.
    pub(crate) fn hold_back(&mut self, sort: Sort) {
        let count = match sort {
            Sort::First => &mut self.first,
            Sort::Downtime { .. } => &mut self.downtime,
            Sort::StillRunning => &mut self.running,
            _ => &mut self.new,
        };
        *count = count.saturating_add(1);
    }

    /// Begins to count anew: a mail has told of what was.
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

/// What a mail tells of a mute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToldMute {
    /// Of which task.
    pub(crate) step: Step,
    /// The mute.
    pub(crate) muted: Muted,
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
