//! What the flow itself decides, and writes down so that no crash decides it again.

use super::advice::FlowDecision;
use super::definition::OnFailure;
use super::flow_state::{FlowMode, FlowState};
use super::journal::{EntryOutcome, Phase};
use super::plan::ROOT;
use super::step_state::StepStatus;

impl FlowState {
    /// Returns what is to be decided first, if anything is.
    pub(super) fn decision(&self, now: i64) -> Option<FlowDecision> {
        if self.mode != FlowMode::Forward {
            return None;
        }
        let failed = self.failed_for_good();
        failed
            .map(|step| self.answer(step, now))
            .or_else(|| self.round_to_begin(now))
    }

    /// Returns the decision that the whole job begins at its first step again, without reverts: on
    /// another host, where nothing is left of what its steps had made. Where the job fails later,
    /// what was executed before is reverted too.
    pub(crate) fn restart(&self, now: i64) -> FlowDecision {
        FlowDecision {
            step: String::new(),
            phase: Phase::Round,
            attempt: self.rounds[ROOT].number + 1,
            outcome: EntryOutcome::Retry,
            error: Some("begins again on another host".to_owned()),
            at: now,
        }
    }

    /// Returns the decision that the step which is to be tried elsewhere has failed for good,
    /// because no other worker is left to try it. `None` where no step is to be tried elsewhere.
    pub(crate) fn no_other_worker(&self, now: i64) -> Option<FlowDecision> {
        let mut steps = self.plan.steps_in(ROOT);
        let at = steps.find(|at| {
            let known = &self.steps[*at];
            let is_open = !known.has_ended() && known.status != StepStatus::Failed;
            is_open && self.plan.step(*at).elsewhere && !known.failed_at.is_empty()
        })?;
        Some(FlowDecision {
            step: self.plan.node(at).name.clone(),
            phase: Phase::Decision,
            attempt: self.steps[at].failures,
            outcome: EntryOutcome::Failed,
            error: Some("no other worker is left to try it".to_owned()),
            at: now,
        })
    }

    /// Returns the decision that the time of the job is over: what is in progress is killed, and
    /// what follows is what follows a failure of the job. `None` for a job that goes back already,
    /// or to its end: what was done is undone however long that takes.
    pub(crate) fn time_is_over(&self, limit: &str, now: i64) -> Option<FlowDecision> {
        (self.mode == FlowMode::Forward).then(|| FlowDecision {
            step: String::new(),
            phase: Phase::Decision,
            attempt: 1,
            outcome: EntryOutcome::Killed,
            error: Some(format!("its time limit of {limit} is over")),
            at: now,
        })
    }

    /// Turns the job when its time is over.
    pub(super) fn apply_time_is_over(&mut self, now: i64) {
        let job = &self.plan.node(ROOT).on_failure;
        let on_failure = job.unwrap_or(self.plan.default_on_failure());
        let begun = self.doing.iter();
        let begun = begun.map(|doing| doing.since.saturating_add(1));
        self.killed_at = Some(begun.fold(now, i64::max));
        self.is_paused = false;
        if self.mode == FlowMode::Forward {
            self.mode = match on_failure {
                OnFailure::Revert => FlowMode::backward(false),
                OnFailure::Stop | OnFailure::Continue => FlowMode::Halt {
                    is_cancelled: false,
                },
            };
        }
    }

    /// Returns a step that has failed for good, and of which nothing was decided.
    fn failed_for_good(&self) -> Option<usize> {
        let mut steps = self.plan.steps_in(ROOT);
        steps.find(|at| self.has_failed(*at) && !self.is_being_undone(*at))
    }

    fn has_failed(&self, at: usize) -> bool {
        let (step, state) = (self.plan.step(at), &self.steps[at]);
        match state.status {
            StepStatus::Failed => true,
            StepStatus::Failing => {
                let times = match step.try_each.len() {
                    0 => step.retry.times,
                    values => u32::try_from(values).unwrap_or(u32::MAX),
                };
                state.failures >= times || state.when_failures >= step.retry.times
            }
            _ => false,
        }
    }

    /// Returns whether a group around a node waits for what it executed to be reverted.
    pub(super) fn is_being_undone(&self, at: usize) -> bool {
        let mut groups = self.plan.groups_around(at);
        groups.any(|group| self.rounds[group].is_undoing)
    }

    /// Returns what follows a failure for good: the node that is nearest to the step decides.
    fn answer(&self, step: usize, now: i64) -> FlowDecision {
        let around = std::iter::once(step).chain(self.plan.groups_around(step));
        let mut on_failure = self.plan.default_on_failure();
        for at in around {
            let node = self.plan.node(at);
            if node.step.is_none() && self.rounds[at].number < node.retry.times {
                return self.new_round(at, step, now);
            }
            if let Some(answer) = node.on_failure {
                on_failure = answer;
                break;
            }
        }
        let outcome = match on_failure {
            OnFailure::Revert => EntryOutcome::Revert,
            OnFailure::Stop => EntryOutcome::StopNoRevert,
            OnFailure::Continue => EntryOutcome::Skipped,
        };
        FlowDecision {
            step: self.plan.node(step).name.clone(),
            phase: Phase::Decision,
            attempt: self.steps[step].failures.max(1),
            outcome,
            error: None,
            at: now,
        }
    }

    fn new_round(&self, group: usize, step: usize, now: i64) -> FlowDecision {
        FlowDecision {
            step: self.plan.node(group).name.clone(),
            phase: Phase::Round,
            attempt: self.rounds[group].number + 1,
            outcome: EntryOutcome::Revert,
            error: Some(format!("`{}` failed", self.plan.node(step).name)),
            at: now,
        }
    }

    /// Returns the beginning of a round before which nothing is left to end or to revert.
    fn round_to_begin(&self, now: i64) -> Option<FlowDecision> {
        if self.held().next().is_some() {
            return None;
        }
        let groups = 0..self.rounds.len();
        let mut groups = groups.filter(|at| self.rounds[*at].is_undoing);
        let group = groups.find(|at| {
            let mut steps = self.plan.steps_in(*at);
            !self.is_being_undone(*at)
                && steps.all(|step| self.to_undo(step).is_none() && !self.is_busy(step))
        })?;
        Some(FlowDecision {
            step: self.plan.node(group).name.clone(),
            phase: Phase::Round,
            attempt: self.rounds[group].number,
            outcome: EntryOutcome::Retry,
            error: None,
            at: now,
        })
    }
}
