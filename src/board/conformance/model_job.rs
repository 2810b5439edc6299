//! A job of the model, and what calls make of it.

use crate::board::{JobId, JobRequest, JobState, PendingRequest, RequestAnswer};
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};

/// After how many crashes a job of the model is stuck.
pub(crate) const MAX_CRASHES: u32 = 2;

/// A job of the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelJob {
    pub(crate) definition: String,
    pub(crate) key: Option<String>,
    /// The key of its limit, and how many jobs of that hold a place at once.
    pub(crate) limit: Option<(String, usize)>,
    pub(crate) posting: String,
    pub(crate) priority: i8,
    pub(crate) run_at: i64,
    pub(crate) state: JobState,
    pub(crate) owner: Option<usize>,
    pub(crate) fence: u64,
    pub(crate) journal: Vec<JournalEntry>,
    pub(crate) doing: Vec<Doing>,
    pub(crate) want: Option<PendingRequest>,
    pub(crate) has_begun: bool,
    pub(crate) crashes: u32,
    pub(super) crashed_at: Vec<String>,
}

impl ModelJob {
    pub(super) fn seq(&self) -> u64 {
        self.journal.len() as u64
    }

    pub(super) fn holds_place(&self) -> bool {
        match self.state {
            JobState::Waiting | JobState::Running => true,
            JobState::Paused => self.has_begun,
            _ => false,
        }
    }

    pub(super) fn append(&mut self, entry: JournalEntry) {
        if entry.phase == Phase::Execute {
            self.has_begun = true;
        }
        self.journal.push(entry);
    }

    pub(super) fn enter(&mut self, step: &str, outcome: EntryOutcome, state: JobState, now: i64) {
        let entry = JournalEntry {
            seq: self.seq() + 1,
            fence: self.fence,
            step: step.to_owned(),
            phase: Phase::Request,
            attempt: 1,
            outcome,
            started: now,
            ended: now,
            code: None,
            kind: None,
            error: None,
            result: None,
            worker: String::new(),
        };
        self.journal.push(entry);
        let waits_behind = self.limit.is_some() && !self.holds_place();
        self.state = match state {
            JobState::Waiting if waits_behind => JobState::Limited,
            state => state,
        };
        self.want = None;
        if state == JobState::Waiting {
            self.run_at = now;
        }
    }

    /// A request meets a job that nothing holds.
    pub(super) fn settle(&mut self, request: PendingRequest, now: i64) -> RequestAnswer {
        let (outcome, state) = match (request, self.has_begun) {
            (PendingRequest::Pause, _) if self.state == JobState::Paused => {
                return RequestAnswer::AsBefore(self.state);
            }
            (PendingRequest::Pause, _) => (EntryOutcome::Pause, JobState::Paused),
            (PendingRequest::StopNoRevert, _) => (EntryOutcome::StopNoRevert, JobState::Cancelled),
            (PendingRequest::Stop, false) => (EntryOutcome::Stop, JobState::Cancelled),
            (PendingRequest::Kill, false) => (EntryOutcome::Kill, JobState::Cancelled),
            (PendingRequest::Stop, true) => (EntryOutcome::Stop, JobState::Waiting),
            (PendingRequest::Kill, true) => (EntryOutcome::Kill, JobState::Waiting),
        };
        let last = self.journal.last();
        let is_there =
            last.is_some_and(|last| (last.phase, last.outcome) == (Phase::Request, outcome));
        let waits = matches!(self.state, JobState::Waiting | JobState::Limited);
        if is_there && (self.state == state || waits && state == JobState::Waiting) {
            return RequestAnswer::AsBefore(self.state);
        }
        self.enter("", outcome, state, now);
        RequestAnswer::Done(self.state)
    }

    /// The job leaves its holder. Returns the state that follows.
    pub(crate) fn release(&mut self, worker: &str, is_crash: bool, now: i64) -> JobState {
        let doing = std::mem::take(&mut self.doing);
        let mut steps: Vec<String> = doing.iter().map(|doing| doing.step.clone()).collect();
        steps.sort();
        for attempt in doing {
            let entry = JournalEntry {
                seq: self.seq() + 1,
                fence: self.fence,
                step: attempt.step,
                phase: attempt.phase,
                attempt: attempt.attempt,
                outcome: EntryOutcome::Interrupted,
                started: attempt.since,
                ended: now,
                code: None,
                kind: None,
                error: None,
                result: None,
                worker: worker.to_owned(),
            };
            self.append(entry);
        }
        self.owner = None;
        self.state = JobState::Waiting;
        self.run_at = now;
        let want = self.want.take();
        if is_crash {
            let is_again = self.crashes > 0 && self.crashed_at == steps;
            self.crashes = if is_again { self.crashes + 1 } else { 1 };
            self.crashed_at = steps;
            if self.crashes >= MAX_CRASHES {
                self.state = JobState::Stuck;
                return self.state;
            }
        }
        if let Some(want) = want {
            self.settle(want, now);
        }
        self.state
    }
}

pub(super) fn resume(job: &mut ModelJob, now: i64) -> RequestAnswer {
    match job.state {
        JobState::Paused => {
            job.enter("", EntryOutcome::Resume, JobState::Waiting, now);
            RequestAnswer::Done(job.state)
        }
        JobState::Running if job.want == Some(PendingRequest::Pause) => {
            job.want = None;
            RequestAnswer::Done(JobState::Running)
        }
        JobState::Stuck => RequestAnswer::Impossible(job.state),
        state if state.is_over() => RequestAnswer::Over(state),
        state => RequestAnswer::AsBefore(state),
    }
}

pub(super) fn go_on(
    job: &mut ModelJob,
    request: &JobRequest,
    other: Option<JobId>,
    now: i64,
) -> RequestAnswer {
    let (step, outcome) = match request {
        JobRequest::Retry { .. } => ("", EntryOutcome::Retry),
        JobRequest::Revert => ("", EntryOutcome::Revert),
        JobRequest::Skip { step } => (step.as_str(), EntryOutcome::Skipped),
        JobRequest::Priority(priority) => {
            return match job.state {
                state if state.is_over() => RequestAnswer::Over(state),
                state if job.priority == *priority => RequestAnswer::AsBefore(state),
                state => {
                    job.priority = *priority;
                    RequestAnswer::Done(state)
                }
            };
        }
        other => panic!("{other:?} was answered before"),
    };
    let is_skip = outcome == EntryOutcome::Skipped;
    match job.state {
        JobState::Waiting | JobState::Limited if outcome == EntryOutcome::Retry => {
            if job.run_at <= now {
                return RequestAnswer::AsBefore(job.state);
            }
            job.run_at = now;
            RequestAnswer::Done(job.state)
        }
        JobState::Failed if is_skip => RequestAnswer::Over(job.state),
        JobState::Stuck | JobState::Failed => {
            if let Some(other) = other {
                return RequestAnswer::KeyTaken(other);
            }
            job.crashes = 0;
            job.crashed_at.clear();
            job.enter(step, outcome, JobState::Waiting, now);
            RequestAnswer::Done(job.state)
        }
        state if state.is_over() => RequestAnswer::Over(state),
        state => RequestAnswer::Impossible(state),
    }
}

/// Creates a job of the model that waits.
pub(crate) fn waiting(definition: &str, posting: String, key: Option<String>) -> ModelJob {
    ModelJob {
        definition: definition.to_owned(),
        key,
        limit: None,
        posting,
        priority: 0,
        run_at: 0,
        state: JobState::Waiting,
        owner: None,
        fence: 0,
        journal: Vec::new(),
        doing: Vec::new(),
        want: None,
        has_begun: false,
        crashes: 0,
        crashed_at: Vec::new(),
    }
}
