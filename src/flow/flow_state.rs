//! What is so after the entries of a journal: a fold, entry by entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::definition::{Interrupted, RetryTerms};
use super::journal::{Doing, EntryOutcome, JournalEntry, Phase};
use super::plan::{FlowPlan, ROOT};
use super::retry_wait::{RetryWait, WaitCause};
use super::step_state::{StepState, StepStatus};

/// A job between two entries: what its journal comes to, and what is in progress.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowState {
    pub(super) plan: Arc<FlowPlan>,
    pub(super) seed: u64,
    pub(super) last_seq: u64,
    pub(super) mode: FlowMode,
    pub(super) is_paused: bool,
    /// When the last request to kill came, in milliseconds since 1970.
    pub(super) killed_at: Option<i64>,
    /// The step whose revert was cut off by a request to kill; empty: none was in progress.
    pub(super) held_at: Option<String>,
    /// By the number of the node; that of a group stays as it was made.
    pub(super) steps: Vec<StepState>,
    /// By the number of the node; that of a step stays as it was made.
    pub(super) rounds: Vec<GroupRound>,
    /// Steps that were executed and that the definition no longer has: the entry of their end.
    pub(super) unknown: BTreeMap<String, u64>,
    pub(super) doing: Vec<Doing>,
}

/// Where a job is going.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum FlowMode {
    /// From step to step.
    #[default]
    Forward,
    /// Back: what is in progress ends, then what was executed is reverted.
    Backward {
        /// Whether by request.
        is_cancelled: bool,
        /// Whether a revert has ended since.
        is_begun: bool,
        /// Whether something has been undone since.
        has_undone: bool,
    },
    /// To its end as it is: what is in progress ends, and no more is done.
    Halt {
        /// Whether by request.
        is_cancelled: bool,
    },
}

impl FlowMode {
    /// Returns the mode of a job that begins to be reverted.
    pub(super) fn backward(is_cancelled: bool) -> Self {
        FlowMode::Backward {
            is_cancelled,
            is_begun: false,
            has_undone: false,
        }
    }
}

/// Where a group stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupRound {
    /// The number of the round, from 1.
    pub(crate) number: u32,
    /// Whether what the round before has executed is still being reverted.
    pub(crate) is_undoing: bool,
    /// The wait before the first step of the round.
    pub(crate) wait: Option<RetryWait>,
}

impl Default for GroupRound {
    fn default() -> Self {
        GroupRound {
            number: 1,
            is_undoing: false,
            wait: None,
        }
    }
}

impl FlowState {
    /// Returns the state of a job that was just posted. The seed is of the job: waits are jittered
    /// by it.
    pub(crate) fn new(plan: &Arc<FlowPlan>, seed: u64) -> Self {
        let nodes = plan.nodes().len();
        FlowState {
            plan: Arc::clone(plan),
            seed,
            last_seq: 0,
            mode: FlowMode::Forward,
            is_paused: false,
            killed_at: None,
            held_at: None,
            steps: vec![StepState::default(); nodes],
            rounds: vec![GroupRound::default(); nodes],
            unknown: BTreeMap::new(),
            doing: Vec::new(),
        }
    }

    /// Returns the state that a journal comes to, with these attempts in progress.
    pub(crate) fn of<'a>(
        plan: &Arc<FlowPlan>,
        seed: u64,
        journal: impl IntoIterator<Item = &'a JournalEntry>,
        doing: &[Doing],
    ) -> Self {
        let mut state = FlowState::new(plan, seed);
        for entry in journal {
            state.apply(entry);
        }
        state.doing = doing.to_vec();
        state
    }

    /// Notes that an attempt has begun.
    pub(crate) fn begin(&mut self, doing: Doing) {
        self.doing.push(doing);
    }

    /// Adds an entry of the journal.
    pub(crate) fn apply(&mut self, entry: &JournalEntry) {
        self.last_seq = entry.seq;
        match entry.phase {
            Phase::When | Phase::Execute | Phase::Check | Phase::Revert => {
                self.apply_attempt(entry)
            }
            Phase::Round => self.apply_round(entry),
            Phase::Decision => self.apply_decision(entry),
            Phase::Request => self.apply_request(entry),
        }
    }

    fn apply_attempt(&mut self, entry: &JournalEntry) {
        let ended = |doing: &Doing| doing.step == entry.step && doing.phase == entry.phase;
        self.doing.retain(|doing| !ended(doing));
        match self.plan.place(&entry.step) {
            Some(at) => self.steps[at].apply(entry),
            None => self.apply_unknown(entry),
        }
        if entry.phase == Phase::Revert {
            self.apply_revert(entry);
        }
    }

    fn apply_unknown(&mut self, entry: &JournalEntry) {
        let is_undone = entry.outcome == EntryOutcome::Succeeded;
        match entry.phase {
            Phase::Execute => {
                self.unknown.insert(entry.step.clone(), entry.seq);
            }
            Phase::Revert if is_undone => {
                self.unknown.remove(&entry.step);
            }
            _ => {}
        }
    }

    fn apply_revert(&mut self, entry: &JournalEntry) {
        let is_success = entry.outcome == EntryOutcome::Succeeded;
        if let FlowMode::Backward {
            is_begun,
            has_undone,
            ..
        } = &mut self.mode
        {
            *is_begun = true;
            *has_undone |= is_success;
        }
        if entry.outcome == EntryOutcome::Killed {
            self.held_at = Some(entry.step.clone());
        }
    }

    fn apply_round(&mut self, entry: &JournalEntry) {
        let Some(group) = self.plan.place(&entry.step) else {
            return;
        };
        let is_undoing = entry.outcome == EntryOutcome::Revert;
        let former = self.rounds[group].wait;
        if !is_undoing {
            self.begin_anew(group);
        }
        let earlier = entry.attempt.saturating_sub(1);
        self.rounds[group] = GroupRound {
            number: entry.attempt,
            is_undoing,
            wait: if is_undoing {
                Some(RetryWait {
                    since: entry.ended,
                    phase: Phase::Round,
                    number: earlier,
                    cause: WaitCause::Failure,
                })
            } else {
                former
            },
        };
    }

    /// Lets all below a node begin anew.
    pub(super) fn begin_anew(&mut self, at: usize) {
        let below = at..self.plan.node(at).end;
        self.steps[below.clone()]
            .iter_mut()
            .for_each(StepState::begin_anew);
        self.rounds[below].fill(GroupRound::default());
    }

    fn apply_decision(&mut self, entry: &JournalEntry) {
        if entry.outcome == EntryOutcome::Killed {
            return self.apply_time_is_over(entry.ended);
        }
        if let Some(at) = self.plan.place(&entry.step) {
            let step = &mut self.steps[at];
            step.wait = None;
            step.status = match entry.outcome {
                EntryOutcome::Skipped => StepStatus::PassedOver,
                _ => StepStatus::Failed,
            };
        }
        if self.mode != FlowMode::Forward {
            return;
        }
        match entry.outcome {
            EntryOutcome::Revert => self.mode = FlowMode::backward(false),
            EntryOutcome::StopNoRevert => {
                self.mode = FlowMode::Halt {
                    is_cancelled: false,
                };
            }
            _ => {}
        }
    }

    /// Returns the number of the last entry; 0 for an empty journal.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Returns the definition, laid out.
    pub(crate) fn plan(&self) -> &Arc<FlowPlan> {
        &self.plan
    }

    /// Returns what is in progress.
    pub(crate) fn doing(&self) -> &[Doing] {
        &self.doing
    }

    /// Returns where the job is going.
    pub(crate) fn mode(&self) -> &FlowMode {
        &self.mode
    }

    /// Returns whether the job begins nothing until it is resumed.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Returns what is known of a step.
    pub(crate) fn step(&self, name: &str) -> Option<&StepState> {
        let at = self.plan.place(name)?;
        self.plan.node(at).step.as_ref()?;
        Some(&self.steps[at])
    }

    /// Returns what a step gave, for the steps that read it.
    pub(crate) fn result(&self, step: &str) -> Option<&Value> {
        let step = self.step(step)?;
        let is_given = matches!(step.status, StepStatus::Succeeded | StepStatus::Skipped);
        step.result.as_ref().filter(|_| is_given)
    }

    /// Returns the results of all steps, with their names.
    pub(crate) fn results(&self) -> impl Iterator<Item = (&str, &Value)> {
        let names = self.plan.steps_in(ROOT).map(|at| &*self.plan.node(at).name);
        names.filter_map(|name| Some((name, self.result(name)?)))
    }

    /// Returns what the step that ended last gave: the result of the job.
    pub(crate) fn last_result(&self) -> Option<&Value> {
        let given = self
            .steps
            .iter()
            .filter(|step| step.status == StepStatus::Succeeded);
        let last = given.max_by_key(|step| step.execution.map(|end| end.seq))?;
        last.result.as_ref()
    }

    /// Returns the terms by which the reverts of a step are tried.
    pub(super) fn revert_terms(&self, at: usize) -> Option<&RetryTerms> {
        self.plan.node(at).step.as_ref()?.revert.as_ref()
    }

    /// Returns the entry of the last end of what a step has executed, where that can be reverted
    /// and was not.
    pub(super) fn to_undo(&self, at: usize) -> Option<u64> {
        self.revert_terms(at)?;
        self.steps[at].execution.map(|end| end.seq)
    }

    /// Returns the steps that were interrupted and that a person is to look at.
    pub(super) fn held(&self) -> impl Iterator<Item = usize> + '_ {
        let steps = self.plan.steps_in(ROOT);
        steps.filter(|at| {
            let is_interrupted = self.steps[*at].status == StepStatus::Interrupted;
            is_interrupted && self.plan.step(*at).interrupted == Interrupted::Hold
        })
    }

    /// Returns whether an attempt of a node is in progress.
    pub(super) fn is_busy(&self, at: usize) -> bool {
        let name = &self.plan.node(at).name;
        self.doing.iter().any(|doing| doing.step == *name)
    }
}
