//! When the regular summary is due.

use crate::alert::tally::SummaryDue;
use crate::core::time::{Moment, Mono};

/// When a summary is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct SummaryPlan {
    pub(super) schedule: SummaryDue,
    /// The same by the clock that is waited by, as far as is known: the clock on the wall may be
    /// set.
    mono: Mono,
    /// No summary before this: the former could not be stored.
    pub(super) not_before: Mono,
}

impl SummaryPlan {
    pub(super) fn new(schedule: SummaryDue, now: Moment) -> Self {
        let mut plan = SummaryPlan {
            schedule,
            mono: Mono::NEVER,
            not_before: Mono::LONG_AGO,
        };
        plan.follow(now);
        plan
    }

    pub(super) fn schedule(&self) -> SummaryDue {
        self.schedule
    }

    pub(super) fn follow(&mut self, now: Moment) {
        let left = self.schedule.due.duration_since(now.wall);
        self.mono = now.mono + left.unwrap_or_default();
    }

    pub(super) fn due(&self) -> Mono {
        self.mono.max(self.not_before)
    }
}
