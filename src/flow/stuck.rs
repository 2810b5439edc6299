//! Why a job needs a person.

use super::advice::FlowEnd;
use super::definition::Interrupted;
use super::flow_state::{FlowMode, FlowState};
use super::plan::ROOT;
use super::step_state::StepStatus;

impl FlowState {
    /// Returns why a person is needed, if one is.
    pub(super) fn stuck(&self) -> Option<FlowEnd> {
        if matches!(self.mode, FlowMode::Halt { .. }) {
            return None;
        }
        let (step, reason) = self.stuck_at()?;
        Some(FlowEnd::Stuck { step, reason })
    }

    fn stuck_at(&self) -> Option<(String, String)> {
        if let Some(step) = &self.held_at {
            let reason = match step.as_str() {
                "" => "killed between two reverts".to_owned(),
                step => format!("the revert of `{step}` was killed"),
            };
            return Some((step.clone(), reason));
        }
        let mut steps = self.plan.steps_in(ROOT);
        let known = steps.find_map(|at| {
            let reason = self.stuck_step(at)?;
            Some((self.plan.node(at).name.clone(), reason))
        });
        known.or_else(|| self.unknown_to_undo())
    }

    fn stuck_step(&self, at: usize) -> Option<String> {
        let (name, known) = (&self.plan.node(at).name, &self.steps[at]);
        let terms = self.revert_terms(at);
        if terms.is_some_and(|terms| known.revert_failures >= terms.times) {
            let count = known.revert_failures;
            return Some(format!("the revert of `{name}` failed {count} times"));
        }
        if known.status != StepStatus::Interrupted {
            return None;
        }
        let step = self.plan.step(at);
        let is_asked = self.mode == FlowMode::Forward && !self.is_being_undone(at);
        match step.interrupted {
            Interrupted::Hold => Some(format!(
                "`{name}` was interrupted, and a person is to look whether it was done"
            )),
            Interrupted::Check if is_asked && known.check_failures >= step.retry.times => Some(
                format!("`{name}` was interrupted, and its check failed: it may have been done"),
            ),
            _ => None,
        }
    }

    /// Returns the step that is to be reverted next and that the definition does not have.
    fn unknown_to_undo(&self) -> Option<(String, String)> {
        if !matches!(self.mode, FlowMode::Backward { .. }) {
            return None;
        }
        let (name, seq) = self.unknown.iter().max_by_key(|(_, seq)| **seq)?;
        let mut steps = self.plan.steps_in(ROOT);
        let is_next = !steps.any(|at| self.to_undo(at) > Some(*seq));
        is_next.then(|| {
            let reason = format!(
                "`{name}` was executed, and this program has no step of that name to revert"
            );
            (name.clone(), reason)
        })
    }
}
