//! Mutes: mails that a user does not want for a while are held back until then, and never longer.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::time::{Moment, Mono};

/// The longest that mails are held back at a stretch: what is silent for longer is forgotten.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 86_400);
/// How far a mute of this boot may begin ahead: a runner may have read the clock just before the
/// command did.
const SLACK: Duration = Duration::from_secs(60);

/// The wish of a user that mails about a task, or a whole chain, are held back for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mute {
    /// The full name of the task; `None`: the whole chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<String>,
    /// From when on.
    pub(crate) from: SystemTime,
    /// Until when.
    pub(crate) until: SystemTime,
    /// The user that asked for the mute.
    pub(crate) by: String,
    /// The reason; empty if none was given.
    #[serde(default)]
    pub(crate) reason: String,
    /// The boot on which it was made.
    pub(crate) boot: String,
    /// `from` on the clock of that boot.
    pub(crate) made: Mono,
}

impl Mute {
    /// Returns when the mute ends on the clock that is waited by, as far as can be known at `now`;
    /// `None` when it does not hold.
    ///
    /// A mute ends at the time on the wall that was promised, and after as long as was asked for,
    /// whichever is first: no clock that is set makes it longer.
    pub(crate) fn ends(&self, now: Moment, boot: &str) -> Option<Mono> {
        let length = self.until.duration_since(self.from).ok()?.min(LONGEST);
        let left = self.until.duration_since(now.wall).ok()?.min(length);
        let ends = (now.mono + left).min(self.begun(now, boot)? + length);
        (ends > now.mono).then_some(ends)
    }

    /// Returns the beginning of the mute on the clock that is waited by; `None` when it lies ahead:
    /// the clock by which it was set was wrong, and it is unknown when the mute would have ended.
    /// In doubt there is mail, now and when that time comes.
    fn begun(&self, now: Moment, boot: &str) -> Option<Mono> {
        if self.is_of(boot) {
            return (self.made <= now.mono + SLACK).then(|| self.made.min(now.mono));
        }
        // After a reboot only the wall clock is left.
        let passed = now.wall.duration_since(self.from).ok()?;
        Some(now.mono - passed)
    }

    /// Returns whether the beginning of the mute lies ahead, so that the mute is void for ever.
    pub(crate) fn is_ahead(&self, now: Moment, boot: &str) -> bool {
        self.begun(now, boot).is_none()
    }

    /// Returns the mute on the clock of this boot, which no clock on the wall can lengthen; `None`
    /// when it does not hold.
    pub(crate) fn settled(&self, now: Moment, boot: &str) -> Option<Self> {
        self.ends(now, boot)?;
        let mut mute = self.clone();
        if !self.is_of(boot) {
            mute.made = self.begun(now, boot)?;
            boot.clone_into(&mut mute.boot);
        }
        Some(mute)
    }

    /// Returns whether this is the same wish, whatever the clock that it is counted on.
    pub(crate) fn is_same_wish(&self, other: &Self) -> bool {
        let wish = |mute: &Self| (mute.from, mute.until);
        let words = |mute: &Self| {
            [
                mute.task.clone(),
                Some(mute.by.clone()),
                Some(mute.reason.clone()),
            ]
        };
        wish(self) == wish(other) && words(self) == words(other)
    }

    /// Returns whether it concerns a task.
    pub(crate) fn is_about(&self, task: &str) -> bool {
        self.task.as_deref().is_none_or(|name| name == task)
    }

    fn is_of(&self, boot: &str) -> bool {
        !boot.is_empty() && self.boot == boot
    }
}
