//! What a request changes: of a person, or of a program.

use super::flow_state::{FlowMode, FlowState, GroupRound};
use super::journal::{EntryOutcome, JournalEntry};
use super::plan::{Needs, ROOT};
use super::step_state::{StepState, StepStatus};

impl FlowState {
    pub(super) fn apply_request(&mut self, entry: &JournalEntry) {
        match entry.outcome {
            EntryOutcome::Pause => self.is_paused = true,
            EntryOutcome::Resume => self.is_paused = false,
            EntryOutcome::Stop => self.turn(FlowMode::backward(true)),
            EntryOutcome::StopNoRevert => self.turn(FlowMode::Halt { is_cancelled: true }),
            EntryOutcome::Kill => self.kill(entry.ended),
            EntryOutcome::Cancel => {
                self.take_up();
                self.mode = FlowMode::Halt { is_cancelled: true };
            }
            EntryOutcome::Retry if entry.step.is_empty() => self.retry(),
            EntryOutcome::Retry => self.retry_from(&entry.step),
            EntryOutcome::Revert => self.revert(),
            EntryOutcome::Skipped => self.skip(entry),
            _ => {}
        }
    }

    /// Turns a job that goes forward. A second request, or one after a failure, changes nothing.
    fn turn(&mut self, mode: FlowMode) {
        self.is_paused = false;
        if self.mode == FlowMode::Forward {
            self.mode = mode;
        }
    }

    fn kill(&mut self, now: i64) {
        // What has begun in this very millisecond began before.
        let begun = self.doing.iter().map(|doing| doing.since.saturating_add(1));
        self.killed_at = Some(begun.fold(now, i64::max));
        // A revert in progress ends as killed, which holds the job. Between two tries there is
        // nothing to kill, and the request means the same.
        if matches!(self.mode, FlowMode::Backward { is_begun: true, .. }) {
            self.held_at.get_or_insert_default();
        }
        self.turn(FlowMode::backward(true));
    }

    /// Forgets what kept the job from going on.
    fn take_up(&mut self) {
        self.is_paused = false;
        self.killed_at = None;
        self.held_at = None;
    }

    fn retry(&mut self) {
        self.take_up();
        match self.mode {
            FlowMode::Forward => self.go_on(),
            FlowMode::Backward { .. } if !self.is_back() => {
                self.steps.iter_mut().for_each(StepState::try_again);
                self.settle_interrupted();
            }
            FlowMode::Backward { .. } | FlowMode::Halt { .. } => self.go_forward(),
        }
    }

    fn go_on(&mut self) {
        let held: Vec<usize> = self.held().collect();
        for at in held {
            self.steps[at].status = StepStatus::Waiting;
        }
        self.steps.iter_mut().for_each(StepState::try_again);
    }

    /// Lets a step, all that comes after it, and all that failed or was reverted begin anew.
    fn retry_from(&mut self, name: &str) {
        let Some(at) = self.plan.place(name) else {
            return;
        };
        self.take_up();
        self.rounds.fill(GroupRound::default());
        self.go_forward();
        for at in self.following(at) {
            self.begin_anew(at);
        }
    }

    /// Returns a node and those that wait for it, each with all that is below.
    fn following(&self, at: usize) -> Vec<usize> {
        let mut found = vec![at];
        let around = self.plan.groups_around(at);
        for (inner, group) in std::iter::once(at)
            .chain(self.plan.groups_around(at))
            .zip(around)
        {
            let mut later = vec![inner];
            // A node may need one that is written after it.
            loop {
                let needs_later = |child: &usize| {
                    let is_new = !later.contains(child);
                    is_new
                        && match &self.plan.node(*child).needs {
                            Needs::AllBefore => later.iter().any(|other| other < child),
                            Needs::These(needs) => needs.iter().any(|need| later.contains(need)),
                        }
                };
                let Some(next) = self.plan.children(group).find(needs_later) else {
                    break;
                };
                later.push(next);
                found.push(next);
            }
        }
        found
    }

    /// Lets what has not ended begin anew, in a first round; a round that is still being reverted
    /// goes on with that.
    fn go_forward(&mut self) {
        self.mode = FlowMode::Forward;
        for step in &mut self.steps {
            match step.has_ended() {
                true => step.try_again(),
                false => step.begin_anew(),
            }
        }
        let rounds = self.rounds.iter_mut();
        let settled = rounds.filter(|round| !round.is_undoing);
        settled.for_each(|round| *round = GroupRound::default());
    }

    fn revert(&mut self) {
        self.take_up();
        self.steps.iter_mut().for_each(StepState::try_again);
        self.settle_interrupted();
        if !matches!(self.mode, FlowMode::Backward { .. }) || self.is_back() {
            self.mode = FlowMode::backward(false);
        }
    }

    /// A person has decided: what is to be held when interrupted is held no longer.
    fn settle_interrupted(&mut self) {
        let interrupted = self.steps.iter_mut();
        let interrupted = interrupted.filter(|step| step.status == StepStatus::Interrupted);
        interrupted.for_each(|step| step.status = StepStatus::Failed);
    }

    fn skip(&mut self, entry: &JournalEntry) {
        self.take_up();
        if self.unknown.remove(&entry.step).is_some() {
            return self.note_undone();
        }
        let Some(at) = self.plan.place(&entry.step) else {
            return;
        };
        if self.is_to_undo(at) {
            self.steps[at].mark_undone();
            return self.note_undone();
        }
        let is_over = matches!(self.mode, FlowMode::Halt { .. }) || self.is_back();
        for step in self.plan.clone().steps_in(at) {
            let step = &mut self.steps[step];
            if !step.has_ended() {
                step.status = StepStatus::Skipped;
                step.wait = None;
                step.result.clone_from(&entry.result);
            }
        }
        self.rounds[at].is_undoing = false;
        if is_over {
            self.go_forward();
        }
    }

    fn note_undone(&mut self) {
        if let FlowMode::Backward { has_undone, .. } = &mut self.mode {
            *has_undone = true;
        }
    }

    /// Returns whether a step is one that waits to be reverted, in this direction of the job.
    fn is_to_undo(&self, at: usize) -> bool {
        if self.to_undo(at).is_none() {
            return false;
        }
        let mut groups = self.plan.groups_around(at);
        match self.mode {
            FlowMode::Backward { .. } => true,
            FlowMode::Halt { .. } => false,
            FlowMode::Forward => {
                self.steps[at].revert_failures > 0
                    || groups.any(|group| self.rounds[group].is_undoing)
            }
        }
    }

    /// Returns whether the job went back and nothing is left to revert, or to look at.
    fn is_back(&self) -> bool {
        let mut steps = self.plan.steps_in(ROOT);
        let is_left = !self.unknown.is_empty() || steps.any(|at| self.to_undo(at).is_some());
        matches!(self.mode, FlowMode::Backward { .. }) && !is_left && self.held().next().is_none()
    }
}
