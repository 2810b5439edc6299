//! Runs that ask to be tried again later. One is no news; a task that does nothing else is down without a failure.

use super::super::{AGAIN, Verdict};
use super::Task;
use crate::alert::memory::Ongoing;
use crate::event::RunId;
use crate::time::{Moment, Mono};

impl Task {
    /// Takes note that a run asked to be tried again later. Returns the reminder, if it is due.
    pub(in super::super) fn run_asked_for_later(
        &mut self,
        run: RunId,
        reason: &str,
        started: Moment,
        at: Moment,
    ) -> Verdict {
        self.running = None;
        self.memory.asked(reason, started);
        let due = self.next_reminder().unwrap_or(Mono::NEVER);
        if due > at.mono || self.not_before > at.mono {
            return Verdict::Nothing;
        }
        if let Some(reason) = self.muted_reason() {
            self.withhold_reminder(at.mono);
            return Verdict::Silent(reason);
        }
        self.not_before = at.mono + AGAIN;
        let mut notice = self.reminder(at);
        notice.run = Some(run);
        Verdict::Mail(Box::new(notice))
    }

    /// Returns whether it is down: a run has failed since the last success, or it has asked for later until that was mailed.
    pub(in super::super) fn is_down(&self) -> bool {
        self.memory.outage.as_ref().is_some_and(Ongoing::is_down)
    }
}
