//! When the memory is worth a write: rarely.

use std::time::Duration;

use crate::core::time::Mono;

const AFTER_AN_OUTAGE_CHANGED: Duration = Duration::from_secs(1);
const AFTER_COUNTING: Duration = Duration::from_secs(60);

/// What has changed since the last save, the greatest change only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Changed {
    Nothing,
    Counters,
    Outage,
    Mail,
}

/// Keeps account of what is not yet saved.
#[derive(Debug)]
pub(super) struct SaveSchedule {
    last: Mono,
    changed: Changed,
}

impl SaveSchedule {
    pub(super) fn new() -> Self {
        SaveSchedule {
            last: Mono::LONG_AGO,
            changed: Changed::Nothing,
        }
    }

    pub(super) fn counted(&mut self) {
        self.changed = self.changed.max(Changed::Counters);
    }

    /// A mail was held back by a mute. They are rare, and `status` counts them.
    pub(super) fn withheld(&mut self) {
        self.outage_changed();
    }

    /// An outage began or ended. A task that fails and heals a thousand times a second does not
    /// make as many writes.
    pub(super) fn outage_changed(&mut self) {
        self.changed = self.changed.max(Changed::Outage);
    }

    pub(super) fn mailed(&mut self) {
        self.changed = Changed::Mail;
    }

    pub(super) fn due(&self) -> Mono {
        match self.changed {
            Changed::Nothing => Mono::NEVER,
            Changed::Counters => self.last + AFTER_COUNTING,
            Changed::Outage => self.last + AFTER_AN_OUTAGE_CHANGED,
            Changed::Mail => Mono::LONG_AGO,
        }
    }

    pub(super) fn saved(&mut self, now: Mono) {
        self.last = now;
        self.changed = Changed::Nothing;
    }

    pub(super) fn not_saved(&mut self, now: Mono) {
        self.last = now;
        self.changed = Changed::Counters;
    }
}
