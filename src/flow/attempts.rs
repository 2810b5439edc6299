//! Attempts of a step: when the next may begin, and what it is.

use super::advice::AttemptStart;
use super::flow_state::FlowState;
use super::journal::Phase;

impl FlowState {
    /// Returns when a phase of a step may begin. The wait for another phase does not count: what
    /// was to be tried again in an hour is reverted at once.
    pub(super) fn due(&self, at: usize, phase: Phase, now: i64) -> i64 {
        let wait = self.steps[at].wait;
        let Some(wait) = wait.filter(|wait| wait.phase == phase) else {
            return i64::MIN;
        };
        let node = self.plan.node(at);
        let terms = match wait.phase {
            Phase::Revert => self.revert_terms(at).unwrap_or(&node.retry),
            _ => &node.retry,
        };
        wait.due(terms, self.seed, &node.name, now)
    }

    /// Returns when the wait before the round of a group is over.
    pub(super) fn round_due(&self, at: usize, now: i64) -> i64 {
        let node = self.plan.node(at);
        let wait = self.rounds[at].wait;
        wait.map_or(i64::MIN, |wait| {
            wait.due(&node.retry, self.seed, &node.name, now)
        })
    }

    /// Returns an attempt of a step to begin.
    pub(super) fn start(&self, at: usize, phase: Phase, attempt: u32) -> AttemptStart {
        let step = self.plan.step(at);
        let tried = match phase {
            Phase::Check | Phase::Revert => self.steps[at].execution.map(|end| end.attempt),
            _ => Some(attempt),
        };
        let place = tried.and_then(|attempt| usize::try_from(attempt).ok()?.checked_sub(1));
        AttemptStart {
            step: step.name.clone(),
            phase,
            attempt,
            each: place.filter(|place| *place < step.try_each.len()),
        }
    }

    /// Returns the next try to revert a step.
    pub(super) fn start_revert(&self, at: usize) -> AttemptStart {
        self.start(at, Phase::Revert, self.steps[at].revert_failures + 1)
    }

    /// Returns whether a revert of a step is in progress.
    pub(super) fn is_reverting(&self, at: usize) -> bool {
        let name = &self.plan.node(at).name;
        let mut doing = self.doing.iter();
        doing.any(|doing| doing.step == *name && doing.phase == Phase::Revert)
    }
}
