//! A job that this worker holds: where it stands, what the board knows of that, and what comes
//! next.

mod sending;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::end_failure;
use super::job_directory::JobDirectory;
use super::step_ending::StepEnding;
use super::worker_definition::WorkerDefinition;
use crate::board::{ClaimedJob, EndFailure, JobPosition, JobState, PendingRequest, Transition};
use crate::core::failure::{Failure, FailureClass};
use crate::core::time::in_words;
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};
use crate::flow::{AttemptStart, FlowDecision, FlowEnd, FlowMode, FlowNext, FlowState};
use crate::job::ResumeMode;
use crate::lease::LeaseDeadlines;
use crate::redact::Redactor;

/// The kind of the failure of a job whose time is over.
const TIME_LIMIT: &str = "time limit";

/// A job that this worker holds.
#[derive(Debug)]
pub(crate) struct ClaimedFlow {
    /// What the board has acknowledged.
    pub(crate) position: JobPosition,
    /// What the job does.
    pub(crate) definition: Arc<WorkerDefinition>,
    /// The arguments.
    pub(crate) args: Map<String, Value>,
    /// The directory.
    pub(crate) directory: JobDirectory,
    /// The last failure of a step, with the step. Without secrets.
    pub(crate) failure: Option<(String, Failure)>,
    /// When its steps are ended unless the lease is prolonged.
    pub(crate) deadlines: LeaseDeadlines,
    /// What takes the secrets of the job out of texts.
    pub(crate) redactor: Arc<Redactor>,
    /// The number of the next part of its output.
    pub(crate) next_part: u64,
    /// When its time limit is over, in milliseconds since 1970.
    ends_by: Option<i64>,
    requested: Option<PendingRequest>,
    flow: FlowState,
    /// What happened and is not in a transition yet.
    entries: Vec<JournalEntry>,
    /// The attempts to begin that are not in a transition yet.
    starts: Vec<AttemptStart>,
    /// The attempts to begin once the board has recorded that they do.
    recorded_starts: Vec<AttemptStart>,
    next: FlowNext,
    /// What was sent and not answered, each sent again as it is, one after the other.
    sent: VecDeque<Transition>,
    /// Whether the flow goes on though the board has not answered.
    is_unheard: bool,
    /// Whether the flow is to be asked again.
    is_changed: bool,
    /// Whether the worker gives the job back as soon as nothing of it is in progress.
    is_leaving: bool,
}

/// What a job needs besides the answer to its claim.
#[derive(Debug)]
pub(crate) struct ClaimedFlowParts {
    /// What the job does.
    pub(crate) definition: Arc<WorkerDefinition>,
    /// The arguments, checked.
    pub(crate) args: Map<String, Value>,
    /// The directory.
    pub(crate) directory: JobDirectory,
    /// What takes the secrets of the job out of texts.
    pub(crate) redactor: Arc<Redactor>,
    /// When its steps are ended unless the lease is prolonged.
    pub(crate) deadlines: LeaseDeadlines,
}

impl ClaimedFlow {
    /// Takes a job that was claimed.
    pub(crate) fn of(claim: &ClaimedJob, parts: ClaimedFlowParts) -> Self {
        let plan = &parts.definition.plan;
        let flow = FlowState::of(plan, claim.position.id.0, &claim.journal, &claim.doing);
        let mut job = ClaimedFlow {
            position: claim.position,
            definition: Arc::clone(&parts.definition),
            args: parts.args,
            directory: parts.directory,
            failure: None,
            deadlines: parts.deadlines,
            redactor: parts.redactor,
            // Parts of an earlier claim have smaller numbers.
            next_part: claim.position.seq << 16,
            ends_by: claim.ends_by,
            requested: None,
            flow,
            entries: Vec::new(),
            starts: Vec::new(),
            recorded_starts: Vec::new(),
            next: FlowNext::Wait { until: None },
            sent: VecDeque::new(),
            is_unheard: false,
            is_changed: true,
            is_leaving: false,
        };
        for entry in &claim.journal {
            job.learn(entry);
        }
        job
    }

    /// Returns how many attempts are in progress, or about to be.
    pub(crate) fn attempts(&self) -> usize {
        self.flow.doing().len()
    }

    /// Returns until when the flow waits, in milliseconds since 1970.
    pub(crate) fn wait_until(&self) -> Option<i64> {
        match self.next {
            FlowNext::Wait { until } => until,
            _ => None,
        }
    }

    /// Has the job given back as soon as nothing of it is in progress.
    pub(crate) fn leave(&mut self) {
        self.is_changed |= !self.is_leaving;
        self.is_leaving = true;
    }

    /// Records a request of a person; returns whether it is new.
    pub(crate) fn request(&mut self, request: PendingRequest, now: i64, worker: &str) -> bool {
        if self.requested.is_some_and(|former| former >= request) {
            return false;
        }
        self.requested = Some(request);
        let outcome = match request {
            PendingRequest::Pause => EntryOutcome::Pause,
            PendingRequest::Stop => EntryOutcome::Stop,
            PendingRequest::StopNoRevert => EntryOutcome::StopNoRevert,
            PendingRequest::Kill => EntryOutcome::Kill,
        };
        self.decide(&FlowDecision::request(outcome, "", now), worker);
        true
    }

    /// Returns when the time of a job that goes forward is over, in milliseconds since 1970.
    pub(crate) fn time_is_over_at(&self) -> Option<i64> {
        let goes_forward = *self.flow.mode() == FlowMode::Forward;
        self.ends_by.filter(|_| goes_forward)
    }

    /// Ends what is in progress when the time of the job is over; returns whether it is.
    pub(crate) fn end_in_time(&mut self, now: i64, worker: &str) -> bool {
        if self.time_is_over_at().is_none_or(|at| at > now) {
            return false;
        }
        let limit = self.definition.job.schema.time_limit.unwrap_or_default();
        let Some(decision) = self.flow.time_is_over(&in_words(limit), now) else {
            return false;
        };
        self.decide(&decision, worker);
        true
    }

    /// Takes note that the job was on another host before: what its steps have made there is not
    /// here.
    pub(crate) fn came_from_another_host(&mut self, now: i64, worker: &str) {
        if self.definition.job.schema.resume == ResumeMode::Restart {
            let decision = self.flow.restart(now);
            self.decide(&decision, worker);
        }
    }

    /// Records that a step has failed for good because no other worker is left to try it.
    pub(crate) fn has_no_other_worker(&mut self, now: i64, worker: &str) {
        if let Some(decision) = self.flow.no_other_worker(now) {
            self.decide(&decision, worker);
        }
    }

    /// Records the end of an attempt.
    pub(crate) fn ended(&mut self, doing: &Doing, ending: StepEnding, now: i64, worker: &str) {
        let code = ending.code();
        let kind = ending.kind();
        let failure = ending.failure.as_ref();
        let failure = failure.map(|failure| self.redactor.failure(failure));
        let entry = JournalEntry {
            seq: self.flow.last_seq() + 1,
            fence: self.position.fence,
            step: doing.step.clone(),
            phase: doing.phase,
            attempt: doing.attempt,
            outcome: ending.outcome,
            started: doing.since,
            ended: now,
            code,
            kind,
            error: failure.as_ref().map(Failure::text),
            result: ending.result,
            worker: worker.to_owned(),
        };
        let is_over = self
            .failure
            .as_ref()
            .is_some_and(|(step, _)| step.is_empty());
        if let (Some(failure), EntryOutcome::Failed) = (failure, ending.outcome)
            && !is_over
        {
            self.failure = Some((doing.step.clone(), failure));
        }
        self.record(entry);
        if ending.is_final && doing.phase == Phase::Execute {
            let decision = FlowDecision {
                step: doing.step.clone(),
                phase: Phase::Decision,
                attempt: doing.attempt,
                outcome: EntryOutcome::Failed,
                error: Some("it asks for no other try".to_owned()),
                at: now,
            };
            self.decide(&decision, worker);
        }
    }

    /// Asks the flow what comes next, with so many free slots. Returns how many attempts will
    /// begin.
    pub(crate) fn advise(&mut self, now: i64, free: usize, worker: &str) -> usize {
        let is_due = self.wait_until().is_some_and(|until| until <= now);
        let waits_for_answer = !self.sent.is_empty() && !self.is_unheard;
        if !(self.is_changed || is_due) || waits_for_answer {
            return 0;
        }
        let free = if self.is_leaving { 0 } else { free };
        let advice = self.flow.advise(now, free, worker);
        let entries = self.flow.follow(&advice, now, self.position.fence, worker);
        self.entries.extend(entries);
        let begun = advice.begin.len();
        self.starts.extend(advice.begin);
        self.next = advice.next;
        // With no slot left the flow has more to begin: it is asked again when one is free.
        self.is_changed = begun == free && matches!(self.next, FlowNext::Wait { .. });
        begun
    }

    /// Returns the step whose next try is another worker's, and the workers that must not make
    /// the try.
    pub(crate) fn elsewhere(&self) -> Option<&[String]> {
        match &self.next {
            FlowNext::GiveBack { avoid, .. } if !avoid.is_empty() => Some(avoid),
            _ => None,
        }
    }

    /// Returns the steps whose attempts a request to kill is about.
    pub(crate) fn to_kill(&self) -> Vec<String> {
        self.flow.to_kill()
    }

    /// Returns the results of the steps that have one.
    pub(crate) fn results(&self) -> BTreeMap<String, Value> {
        let results = self.flow.results();
        results
            .map(|(step, value)| (step.to_owned(), value.clone()))
            .collect()
    }

    /// Returns how many bytes the results of all steps but one have.
    pub(crate) fn bytes_of_others(&self, step: &str) -> usize {
        let others = self.flow.results().filter(|(name, _)| *name != step);
        others.map(|(_, value)| value.to_string().len()).sum()
    }

    /// Returns the text of the last failure.
    pub(crate) fn error_of(&self, step: &str) -> Option<String> {
        let (failed, failure) = self.failure.as_ref()?;
        (failed == step).then(|| failure.text())
    }

    fn decide(&mut self, decision: &FlowDecision, worker: &str) {
        let entry = self.flow.note(decision, self.position.fence, worker);
        self.keep(entry);
    }

    fn record(&mut self, entry: JournalEntry) {
        self.flow.apply(&entry);
        self.keep(entry);
    }

    /// Keeps an entry for the board.
    fn keep(&mut self, entry: JournalEntry) {
        self.learn(&entry);
        self.entries.push(entry);
        self.is_changed = true;
    }

    /// Keeps the failure of an entry.
    fn learn(&mut self, entry: &JournalEntry) {
        if entry.phase == Phase::Decision && entry.outcome == EntryOutcome::Killed {
            let mut failure = failure_of(entry);
            failure.kind = Some(TIME_LIMIT.to_owned());
            self.failure = Some((String::new(), failure));
        }
        if entry.phase != Phase::Execute {
            return;
        }
        if entry.outcome == EntryOutcome::Failed && self.failure.is_none() {
            self.failure = Some((entry.step.clone(), failure_of(entry)));
        }
    }

    /// Returns what is mailed of an end that is no success.
    fn end_failure(&self, end: &FlowEnd) -> Option<EndFailure> {
        if !matches!(end, FlowEnd::Failed | FlowEnd::Reverted) {
            return None;
        }
        let (step, failure) = self.failure.as_ref()?;
        Some(end_failure::of_step(step, failure, &self.definition.build))
    }

    /// Returns why the job ended as it did, for people.
    fn reason_of(&self, end: &FlowEnd) -> Option<String> {
        match end {
            FlowEnd::Stuck { step, reason } if step.is_empty() => Some(reason.clone()),
            FlowEnd::Stuck { step, reason } => Some(format!("{step}: {reason}")),
            FlowEnd::Failed | FlowEnd::Reverted => {
                let (step, failure) = self.failure.as_ref()?;
                Some(match step.as_str() {
                    "" => failure.text(),
                    step => format!("{step}: {}", failure.text()),
                })
            }
            FlowEnd::Succeeded | FlowEnd::Cancelled | FlowEnd::Paused => None,
        }
    }
}

fn end_state(end: &FlowEnd) -> JobState {
    match end {
        FlowEnd::Succeeded => JobState::Succeeded,
        FlowEnd::Failed => JobState::Failed,
        FlowEnd::Reverted => JobState::Reverted,
        FlowEnd::Cancelled => JobState::Cancelled,
        FlowEnd::Paused => JobState::Paused,
        FlowEnd::Stuck { .. } => JobState::Stuck,
    }
}

/// Returns the failure in an entry of an earlier worker.
fn failure_of(entry: &JournalEntry) -> Failure {
    let class = FailureClass::Error {
        type_name: "step".to_owned(),
    };
    let mut failure = Failure::new(class, entry.error.clone().unwrap_or_default());
    failure.kind.clone_from(&entry.kind);
    failure
}
