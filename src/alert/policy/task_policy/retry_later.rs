//! Runs that ask to be tried again later. One is no news; a task that does nothing else is down
//! without a failure.

use super::super::alert_decision::AlertDecision;
use super::TaskPolicy;
use crate::alert::memory::Ongoing;
use crate::alert::policy::delays::AGAIN;
use crate::core::event::RunId;
use crate::core::time::{Moment, Mono};

impl TaskPolicy {
    /// Takes note that a run asked to be tried again later. Returns the reminder, if it is due.
    pub(in crate::alert::policy) fn run_asked_for_later(
        &mut self,
        run: RunId,
        reason: &str,
        started: Moment,
        at: Moment,
    ) -> AlertDecision {
        self.running = None;
        self.memory.asked(reason, started);
        let due = self.next_reminder().unwrap_or(Mono::NEVER);
        if due > at.mono || self.not_before > at.mono {
            return AlertDecision::Nothing;
        }
        if let Some(reason) = self.muted_reason() {
            self.withhold_reminder(at.mono);
            return AlertDecision::Silent(reason);
        }
        self.not_before = at.mono + AGAIN;
        let mut alert = self.reminder(at);
        alert.run = Some(run);
        AlertDecision::Mail(Box::new(alert))
    }

    /// Returns whether it is down: a run has failed since the last success, or it has asked for
    /// later until that was mailed.
    pub(in crate::alert::policy) fn is_down(&self) -> bool {
        self.memory.outage.as_ref().is_some_and(Ongoing::is_down)
    }
}
