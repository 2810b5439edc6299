//! What a job that goes forward may begin.

use super::advice::AttemptStart;
use super::definition::Interrupted;
use super::flow_state::FlowState;
use super::journal::Phase;
use super::plan::{Needs, ROOT};
use super::step_state::StepStatus;

/// What a walk over the flow has found.
pub(super) struct Forward<'a> {
    state: &'a FlowState,
    now: i64,
    worker: &'a str,
    /// How many attempts may begin.
    most: usize,
    /// Whether each node has ended.
    ended: Vec<bool>,
    /// What may begin at once, as far as it is not more than may begin.
    pub(super) ready: Vec<AttemptStart>,
    /// Whether anything may begin, were there a slot.
    pub(super) is_ready: bool,
    /// When the first wait is over.
    pub(super) due: Option<i64>,
    /// The workers that must not make the next try, if it is to be made elsewhere.
    pub(super) avoid: Option<Vec<String>>,
    /// When the step that is to be tried elsewhere may begin.
    pub(super) elsewhere_at: Option<i64>,
    /// The reverts of which one may begin: the entry to undo, its step, and when.
    undos: Vec<(u64, usize, i64)>,
}

impl<'a> Forward<'a> {
    /// Returns what may begin now at a worker.
    pub(super) fn of(state: &'a FlowState, now: i64, worker: &'a str, most: usize) -> Self {
        let mut forward = Forward {
            state,
            now,
            worker,
            most,
            ended: ended(state),
            ready: Vec::new(),
            is_ready: false,
            due: None,
            avoid: None,
            elsewhere_at: None,
            undos: Vec::new(),
        };
        forward.group(ROOT);
        forward.undo();
        forward.ready.truncate(most);
        forward
    }

    /// Returns whether all steps have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended[ROOT]
    }

    fn group(&mut self, at: usize) {
        let state = self.state;
        if state.rounds[at].is_undoing {
            return self.undo_group(at);
        }
        let due = state.round_due(at, self.now);
        if due > self.now {
            return self.wait_until(due);
        }
        let mut all_before = true;
        for child in state.plan.children(at) {
            let node = state.plan.node(child);
            let may_begin = match &node.needs {
                Needs::AllBefore => all_before,
                Needs::These(needs) => needs.iter().all(|need| self.ended[*need]),
            };
            all_before &= self.ended[child];
            if self.ended[child] || !may_begin {
                continue;
            }
            match node.step {
                Some(_) => self.step(child),
                None => self.group(child),
            }
        }
    }

    fn step(&mut self, at: usize) {
        let state = self.state;
        if state.is_busy(at) {
            return;
        }
        let (step, known) = (state.plan.step(at), &state.steps[at]);
        match (known.status, step.interrupted) {
            (StepStatus::Interrupted, Interrupted::Hold) => {}
            (StepStatus::Interrupted, Interrupted::Check) => {
                self.start(at, Phase::Check, known.check_failures + 1);
            }
            (StepStatus::Interrupted, Interrupted::Revert) => self.add_undo(at),
            _ if step.has_when && !known.runs => {
                self.start(at, Phase::When, known.when_failures + 1);
            }
            _ => self.execute(at),
        }
    }

    fn execute(&mut self, at: usize) {
        let state = self.state;
        let known = &state.steps[at];
        let is_elsewhere = state.plan.step(at).elsewhere && !known.failed_at.is_empty();
        if is_elsewhere {
            self.avoid = Some(known.failed_at.clone());
            if known.failed_at.iter().any(|name| name == self.worker) {
                self.elsewhere_at = Some(state.due(at, Phase::Execute, self.now).max(self.now));
                return;
            }
        }
        self.start(at, Phase::Execute, known.failures + 1);
    }

    fn start(&mut self, at: usize, phase: Phase, attempt: u32) {
        let due = self.state.due(at, phase, self.now);
        if due > self.now {
            return self.wait_until(due);
        }
        self.is_ready = true;
        // A list of a thousand steps is not copied for four slots.
        if self.ready.len() < self.most {
            self.ready.push(self.state.start(at, phase, attempt));
        }
    }

    fn wait_until(&mut self, due: i64) {
        let earlier = self.due.map_or(due, |known| known.min(due));
        self.due = Some(earlier);
    }

    /// Adds the next revert of a group, once nothing of the group is executed any more.
    fn undo_group(&mut self, group: usize) {
        let state = self.state;
        let is_executing = |at| state.is_busy(at) && !state.is_reverting(at);
        if state.plan.steps_in(group).any(is_executing) {
            return;
        }
        let steps = state.plan.steps_in(group);
        if let Some(at) = steps.max_by_key(|at| state.to_undo(*at)) {
            self.add_undo(at);
        }
    }

    fn add_undo(&mut self, at: usize) {
        if let Some(seq) = self.state.to_undo(at) {
            let due = self.state.due(at, Phase::Revert, self.now);
            self.undos.push((seq, at, due));
        }
    }

    /// Reverts run one at a time, the one of the last end first.
    fn undo(&mut self) {
        let state = self.state;
        if state.doing.iter().any(|doing| doing.phase == Phase::Revert) {
            return;
        }
        let now = self.now;
        let ready = self.undos.iter().filter(|(_, _, due)| *due <= now);
        if let Some((_, at, _)) = ready.max() {
            self.is_ready = true;
            self.ready.insert(0, state.start_revert(*at));
        } else if let Some(due) = self.undos.iter().map(|(_, _, due)| *due).min() {
            self.wait_until(due);
        }
    }
}

/// Returns for each node whether it has ended.
fn ended(state: &FlowState) -> Vec<bool> {
    let plan = &state.plan;
    let mut ended = vec![false; plan.nodes().len()];
    // What is below a group has a larger number.
    for at in (0..ended.len()).rev() {
        ended[at] = match plan.node(at).step {
            Some(_) => state.steps[at].has_ended(),
            None => !state.rounds[at].is_undoing && plan.children(at).all(|child| ended[child]),
        };
    }
    ended
}
