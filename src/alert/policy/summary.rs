//! The regular summary, which tells that all is well, or how far from it.

use std::time::SystemTime;

use super::task::Task;
use super::{AGAIN, Policy};
use crate::alert::notice::{Notice, Sort};
use crate::alert::tally::{Schedule, Summary};
use crate::time::{Moment, Mono};

/// When a summary is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    schedule: Schedule,
    /// The same by the clock that is waited by, as far as is known: the clock on the wall may be set.
    mono: Mono,
    /// No summary before this: the former could not be stored.
    not_before: Mono,
}

impl Plan {
    pub(super) fn new(schedule: Schedule, now: Moment) -> Self {
        let mut plan = Plan {
            schedule,
            mono: Mono::NEVER,
            not_before: Mono::LONG_AGO,
        };
        plan.follow(now);
        plan
    }

    pub(super) fn schedule(&self) -> Schedule {
        self.schedule
    }

    fn follow(&mut self, now: Moment) {
        let left = self.schedule.due.duration_since(now.wall);
        self.mono = now.mono + left.unwrap_or_default();
    }

    pub(super) fn due(&self) -> Mono {
        self.mono.max(self.not_before)
    }
}

impl Policy {
    /// Says when the next summary is due by the clock on the wall. One that is planned earlier stays, also when it is long past: nobody
    /// was there to send it.
    pub(crate) fn plan_summary(&mut self, due: SystemTime, now: Moment) {
        if let Some(plan) = &mut self.summary {
            plan.schedule.due = plan.schedule.due.min(due);
            return plan.follow(now);
        }
        // Nothing was told of what was counted before, and nobody waits for it.
        self.tasks.iter_mut().for_each(|task| task.begin_tally());
        let since = now.wall;
        self.summary = Some(Plan::new(Schedule { since, due }, now));
        self.saves.mailed();
    }

    /// Forgets a summary that was planned by a runner with other settings.
    pub(crate) fn cancel_summary(&mut self) {
        self.summary = None;
    }

    pub(super) fn summary_due(&self) -> Mono {
        self.summary.as_ref().map_or(Mono::NEVER, Plan::due)
    }

    /// Returns the summary if it is due by the clock on the wall.
    pub(super) fn poll_summary(&mut self, now: Moment) -> Option<Notice> {
        let plan = self.summary.as_mut()?;
        plan.follow(now);
        if plan.due() > now.mono {
            return None;
        }
        plan.not_before = now.mono + AGAIN;
        let since = plan.schedule.since;
        let tasks = self.tasks.iter().map(Task::tally).collect();
        Some(Notice {
            summary: Some(Summary { since, tasks }),
            mutes: self.tasks.iter().filter_map(Task::told_mute).collect(),
            ..self.of_the_chain(Sort::Summary, now)
        })
    }

    pub(super) fn summary_sent(&mut self, notice: &Notice) {
        self.summary = None;
        // What was held back is told in full by a mail of its own.
        let quiet = notice.mutes.iter().filter(|told| told.muted.total() == 0);
        for told in quiet {
            self.tasks[told.step].told_of_mute();
        }
    }
}
