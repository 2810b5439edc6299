//! What befalls a job while it is played, and the calls of its functions.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::core::failure::{FailureClass, Outcome};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::flow::{
    AttemptStart, FlowEnd, FlowPlan, FlowScript, FlowState, Intervention, PlayPoint, PlayedEnd,
};
use crate::job::{JobRegistration, StepCall, StepReply, StepSurroundings, step_result};

/// What was chosen of the attempts of a phase of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct ChosenAttempts {
    /// How many fail without a call, and with which words.
    pub(super) failures: VecDeque<String>,
    /// How many are cut off by a crash before the function is called.
    pub(super) crashes_before: usize,
    /// How many are cut off by a crash after the function has returned.
    pub(super) crashes_after: usize,
    /// What intervenes while the first is in progress.
    pub(super) meanwhile: Option<Intervention>,
    /// What is given without a call; for a condition and a check whether the answer is yes.
    pub(super) stand_in: Option<Value>,
}

/// What befalls a job while it is played.
#[derive(Debug)]
pub(super) struct JobScript<'a> {
    pub(super) function: &'static JobRegistration,
    pub(super) plan: &'a FlowPlan,
    pub(super) args: Map<String, Value>,
    pub(super) chosen: BTreeMap<(String, Phase), ChosenAttempts>,
    /// How long each execution of a step takes, in milliseconds.
    pub(super) takes: BTreeMap<String, i64>,
    /// What is asked of the job when it has ended or rests.
    pub(super) at_rest: VecDeque<(EntryOutcome, String)>,
    pub(super) job_dir: PathBuf,
    /// The results that the steps have now.
    pub(super) results: BTreeMap<String, Value>,
    pub(super) printed: Rc<RefCell<Vec<String>>>,
    errors: BTreeMap<String, String>,
    fence: u64,
    crashing: BTreeSet<(String, Phase)>,
    meanwhile: VecDeque<Intervention>,
}

impl<'a> JobScript<'a> {
    pub(super) fn new(
        function: &'static JobRegistration,
        plan: &'a FlowPlan,
        args: Map<String, Value>,
        job_dir: PathBuf,
    ) -> Self {
        JobScript {
            function,
            plan,
            args,
            chosen: BTreeMap::new(),
            takes: BTreeMap::new(),
            at_rest: VecDeque::new(),
            job_dir,
            results: BTreeMap::new(),
            printed: Rc::default(),
            errors: BTreeMap::new(),
            fence: 1,
            crashing: BTreeSet::new(),
            meanwhile: VecDeque::new(),
        }
    }

    /// Calls the function of an attempt.
    fn call(&self, attempt: &AttemptStart) -> PlayedEnd {
        let StepReply { outcome, result } =
            (self.function.call)(&self.data(attempt), &self.around());
        let failed = |error: String, is_final| PlayedEnd {
            error: Some(error),
            is_final,
            ..PlayedEnd::plain(EntryOutcome::Failed)
        };
        match outcome {
            Outcome::Success => match result.as_ref().map(checked) {
                Some(Err(error)) => failed(error, false),
                _ => PlayedEnd {
                    result,
                    ..PlayedEnd::plain(EntryOutcome::Succeeded)
                },
            },
            Outcome::RetryLater { .. } => PlayedEnd::plain(EntryOutcome::RetryLater),
            Outcome::Interrupted { .. } => PlayedEnd::plain(EntryOutcome::Interrupted),
            Outcome::Fatal(failure) => failed(failure.text(), true),
            Outcome::Failure(failure) => match (attempt.phase, &failure.class) {
                (Phase::When | Phase::Check, FailureClass::Exit(_)) => {
                    PlayedEnd::plain(EntryOutcome::Skipped)
                }
                _ => failed(failure.text(), false),
            },
        }
    }

    fn data(&self, attempt: &AttemptStart) -> StepCall {
        let step = self.plan.step_named(&attempt.step);
        let each = step.and_then(|step| step.try_each.get(attempt.each?));
        let error = self.errors.get(&attempt.step).cloned();
        StepCall {
            job: self.function.name().to_owned(),
            job_id: 1,
            step: attempt.step.clone(),
            phase: attempt.phase,
            attempt: attempt.attempt,
            args: self.args.clone(),
            results: self.results.clone(),
            each: each.cloned(),
            error: error.filter(|_| attempt.phase == Phase::Revert),
            job_dir: self.job_dir.clone(),
        }
    }

    fn around(&self) -> StepSurroundings {
        let printed = Rc::clone(&self.printed);
        StepSurroundings {
            fence: self.fence,
            deadline: None,
            should_stop: || false,
            print: Rc::new(move |line| printed.borrow_mut().push(line.to_owned())),
        }
    }
}

/// Checks a result as a worker does.
fn checked(result: &Value) -> Result<(), String> {
    let parsed = step_result::parse(result.to_string().as_bytes(), 0);
    parsed.map(drop).map_err(|error| error.to_string())
}

fn stood_in(phase: Phase, value: &Value) -> PlayedEnd {
    match phase {
        Phase::When | Phase::Check if *value == Value::Bool(false) => {
            PlayedEnd::plain(EntryOutcome::Skipped)
        }
        Phase::Execute => PlayedEnd {
            result: Some(value.clone()).filter(|value| !value.is_null()),
            ..PlayedEnd::plain(EntryOutcome::Succeeded)
        },
        _ => PlayedEnd::plain(EntryOutcome::Succeeded),
    }
}

impl FlowScript for JobScript<'_> {
    fn end(&mut self, attempt: &AttemptStart) -> PlayedEnd {
        let key = (attempt.step.clone(), attempt.phase);
        let chosen = self.chosen.entry(key.clone()).or_default();
        self.meanwhile.extend(chosen.meanwhile.take());
        let end = if chosen.crashes_before > 0 {
            chosen.crashes_before -= 1;
            self.crashing.insert(key);
            PlayedEnd::plain(EntryOutcome::Succeeded)
        } else if chosen.crashes_after > 0 {
            chosen.crashes_after -= 1;
            self.crashing.insert(key);
            self.call(attempt)
        } else if let Some(error) = chosen.failures.pop_front() {
            PlayedEnd {
                error: Some(error),
                ..PlayedEnd::plain(EntryOutcome::Failed)
            }
        } else if let Some(value) = &chosen.stand_in {
            stood_in(attempt.phase, value)
        } else {
            self.call(attempt)
        };
        let takes = self.takes.get(&attempt.step).copied();
        let takes = takes.filter(|_| attempt.phase == Phase::Execute);
        PlayedEnd {
            takes: takes.unwrap_or_default(),
            ..end
        }
    }

    fn intervene(&mut self, point: PlayPoint<'_>) -> Option<Intervention> {
        match point {
            PlayPoint::Between => self.meanwhile.pop_front(),
            PlayPoint::BeforeEnd(attempt) => {
                let key = (attempt.step.clone(), attempt.phase);
                let crashes = self.crashing.remove(&key);
                self.fence += u64::from(crashes);
                crashes.then_some(Intervention::Crash)
            }
            PlayPoint::BeforeWrite(_) | PlayPoint::AfterWrite(_) => None,
        }
    }

    fn request_at_rest(&mut self, _end: &FlowEnd) -> Option<(EntryOutcome, String)> {
        self.at_rest.pop_front()
    }

    fn observe(&mut self, state: &FlowState, journal: &[JournalEntry]) {
        let results = state.results();
        self.results = results
            .map(|(step, value)| (step.to_owned(), value.clone()))
            .collect();
        let failed = journal
            .iter()
            .rev()
            .find(|entry| entry.phase == Phase::Execute && entry.outcome == EntryOutcome::Failed);
        if let Some((failed, error)) = failed.and_then(|entry| Some((entry, entry.error.as_ref()?)))
        {
            self.errors.insert(failed.step.clone(), error.clone());
        }
    }
}
