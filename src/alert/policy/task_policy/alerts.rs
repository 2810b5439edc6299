//! What the mails of a task tell.

use std::time::Duration;

use super::Task;
use crate::alert::memory::Ongoing;
use crate::alert::notice::{Notice, Sort};
use crate::time::Moment;

impl Task {
    pub(super) fn reminder(&self, at: Moment) -> Notice {
        let started = self
            .memory
            .outage
            .as_ref()
            .map(|ongoing| ongoing.outage.started.mono);
        let passed = intervals(
            at.mono.since(started.unwrap_or(at.mono)),
            self.rules.downtime(),
        );
        self.notice(
            Sort::Downtime {
                count: passed.max(1),
            },
            at,
        )
    }

    pub(super) fn still_running(&self, now: Moment) -> Option<Notice> {
        let running = self.running?;
        let mut notice = self.notice(Sort::StillRunning, now);
        notice.run = Some(running.run);
        notice.running_since = Some(running.started);
        Some(notice)
    }

    pub(super) fn healed(&self, now: Moment) -> Notice {
        let mut notice = self.notice(Sort::Healed, now);
        if let Some(ongoing) = &self.memory.healing {
            notice.outage = Some(ongoing.outage.clone());
            notice.thread.clone_from(&ongoing.thread);
            notice.successes_before = ongoing.successes_before;
        }
        notice
    }

    /// Returns a notice with all that does not depend on its sort.
    pub(super) fn notice(&self, sort: Sort, at: Moment) -> Notice {
        let ongoing = match sort {
            Sort::Healed => None,
            _ => self.memory.outage.as_ref(),
        };
        Notice {
            sort,
            step: Some(self.step),
            run: None,
            at,
            kind: ongoing
                .filter(|ongoing| !ongoing.outage.only_asks())
                .map(|ongoing| ongoing.latest.kind.clone()),
            text: ongoing.map_or_else(String::new, |ongoing| ongoing.latest.text.clone()),
            outage: ongoing.map(|ongoing| ongoing.outage.clone()),
            last_success: self.memory.last_success,
            successes_before: ongoing.map_or(0, |ongoing| ongoing.successes_before),
            next_reminder: ongoing.map(|ongoing| self.reminder_after(ongoing, at)),
            reminder_interval: ongoing.map(|_| self.rules.downtime()),
            held_back: self.memory.held.named().to_vec(),
            held_back_unnamed: self.memory.held.unnamed(),
            running_since: None,
            mutes: self.told_mute().into_iter().collect(),
            thread: ongoing.and_then(|ongoing| ongoing.thread.clone()),
            summary: None,
            ends_runner: false,
        }
    }

    fn reminder_after(&self, ongoing: &Ongoing, at: Moment) -> Moment {
        let (nrd, started) = (self.rules.downtime(), ongoing.outage.started.mono);
        let passed = intervals(at.mono.since(started), nrd);
        at.at(started + nrd.saturating_mul(passed.saturating_add(1)))
    }
}

/// Returns how many whole intervals fit into a span.
pub(super) fn intervals(span: Duration, interval: Duration) -> u32 {
    let whole = span.as_nanos() / interval.as_nanos().max(1);
    u32::try_from(whole).unwrap_or(u32::MAX)
}
