//! A small model of a board, written from the table and the protocol without a look at an engine.

use std::collections::BTreeMap;

use crate::board::{
    JobId, JobPosition, JobRequest, JobState, KeyRule, PendingRequest, RequestAnswer, Transition,
    TransitionVerdict,
};
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
    crashed_at: Vec<String>,
}

/// The jobs of the model, and which of its workers live.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) jobs: BTreeMap<JobId, ModelJob>,
    pub(crate) now: i64,
}

/// What the model answers to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelPost {
    New,
    There(JobId),
    KeyTaken(JobId, JobState),
}

impl ModelJob {
    fn seq(&self) -> u64 {
        self.journal.len() as u64
    }

    fn holds_place(&self) -> bool {
        match self.state {
            JobState::Waiting | JobState::Running => true,
            JobState::Paused => self.has_begun,
            _ => false,
        }
    }

    fn append(&mut self, entry: JournalEntry) {
        if entry.phase == Phase::Execute {
            self.has_begun = true;
        }
        self.journal.push(entry);
    }

    fn enter(&mut self, step: &str, outcome: EntryOutcome, state: JobState, now: i64) {
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
    fn settle(&mut self, request: PendingRequest, now: i64) -> RequestAnswer {
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

impl Model {
    pub(crate) fn post(&mut self, job: &ModelJob, rule: KeyRule) -> ModelPost {
        let mut jobs = self.jobs.iter_mut();
        if let Some((id, _)) = jobs.find(|(_, there)| there.posting == job.posting) {
            return ModelPost::There(*id);
        }
        let mut jobs = self.jobs.iter_mut();
        let there = jobs
            .find(|(_, there)| job.key.is_some() && there.key == job.key && !there.state.is_over());
        let Some((id, there)) = there else {
            return ModelPost::New;
        };
        let rests = matches!(
            there.state,
            JobState::Waiting | JobState::Limited | JobState::Paused
        );
        match rule {
            KeyRule::Keep => ModelPost::There(*id),
            KeyRule::Replace if rests && !there.has_begun => {
                there.enter(
                    "",
                    EntryOutcome::StopNoRevert,
                    JobState::Cancelled,
                    self.now,
                );
                ModelPost::New
            }
            _ => ModelPost::KeyTaken(*id, there.state),
        }
    }

    pub(crate) fn add(&mut self, id: JobId, job: ModelJob) {
        assert!(self.jobs.insert(id, job).is_none());
    }

    /// Admits what has a place, of these keys or of all.
    pub(crate) fn admit(&mut self, keys: Option<&[String]>) {
        let now = self.now;
        let limits: BTreeMap<String, usize> = self
            .jobs
            .values()
            .filter_map(|job| job.limit.clone())
            .filter(|(key, _)| keys.is_none_or(|keys| keys.contains(key)))
            .collect();
        for (key, most) in limits {
            let of_key = |job: &ModelJob| job.limit.as_ref().is_some_and(|(of, _)| *of == key);
            let held = self
                .jobs
                .values()
                .filter(|job| of_key(job) && job.holds_place())
                .count();
            let mut due: Vec<_> = self
                .jobs
                .iter_mut()
                .filter(|(_, job)| of_key(job))
                .filter(|(_, job)| job.state == JobState::Limited && job.run_at <= now)
                .collect();
            due.sort_by_key(|(id, job)| (-job.priority, job.run_at, **id));
            for (_, job) in due.into_iter().take(most.saturating_sub(held)) {
                job.state = JobState::Waiting;
                job.run_at = now;
            }
        }
    }

    /// Claims jobs in the order of classes, lanes, times and numbers.
    pub(crate) fn claim(
        &mut self,
        worker: usize,
        lanes: &[String],
        at_most: usize,
    ) -> Vec<JobPosition> {
        let now = self.now;
        let lane = |job: &ModelJob| lanes.iter().position(|lane| *lane == job.definition);
        let mut due: Vec<_> = self
            .jobs
            .iter_mut()
            .filter(|(_, job)| job.state == JobState::Waiting && job.run_at <= now)
            .filter(|(_, job)| lane(job).is_some())
            .collect();
        due.sort_by_key(|(id, job)| (-job.priority, lane(job), job.run_at, **id));
        let taken = due.into_iter().take(at_most).map(|(id, job)| {
            job.state = JobState::Running;
            job.owner = Some(worker);
            job.fence = job.fence.max(1 << 40) + 1;
            job.doing.clear();
            JobPosition {
                id: *id,
                fence: job.fence,
                seq: job.seq(),
            }
        });
        taken.collect()
    }

    pub(crate) fn report(&mut self, worker: usize, transition: &Transition) -> TransitionVerdict {
        let at = transition.before;
        let now = self.now;
        let Some(job) = self.jobs.get_mut(&at.id) else {
            return TransitionVerdict::Stale;
        };
        let is_held = job.owner == Some(worker) && job.state == JobState::Running;
        let grows = !transition.entries.is_empty()
            || job.doing.iter().all(|old| transition.doing.contains(old));
        if !(is_held && job.fence == at.fence && job.seq() == at.seq && grows) {
            let after = transition.after();
            let is_same = job.fence == at.fence
                && job.seq() == after.seq
                && job.state == transition.state
                && match transition.entries.last() {
                    Some(last) => job.journal.last() == Some(last),
                    None => transition.state != JobState::Running,
                };
            return match is_same {
                true => TransitionVerdict::Repeated,
                false => TransitionVerdict::Stale,
            };
        }
        for entry in &transition.entries {
            if job.crashes > 0 && job.crashed_at.contains(&entry.step) {
                job.crashes = 0;
                job.crashed_at.clear();
            }
            job.append(entry.clone());
        }
        job.has_begun |= !transition.doing.is_empty();
        job.doing.clone_from(&transition.doing);
        job.state = transition.state;
        if transition.state != JobState::Running {
            job.owner = None;
            let want = job.want.take();
            if transition.state == JobState::Waiting {
                job.run_at = transition.run_at.max(now);
            }
            if let (JobState::Waiting | JobState::Paused, Some(want)) = (job.state, want) {
                job.settle(want, now);
            }
        }
        TransitionVerdict::Accepted
    }

    pub(crate) fn request(&mut self, id: JobId, request: &JobRequest) -> RequestAnswer {
        let now = self.now;
        let other = self.other_of_key(id);
        let Some(job) = self.jobs.get_mut(&id) else {
            return RequestAnswer::Missing;
        };
        let wanted = match request {
            JobRequest::Stop => PendingRequest::Stop,
            JobRequest::Kill => PendingRequest::Kill,
            JobRequest::Pause => PendingRequest::Pause,
            JobRequest::StopNoRevert | JobRequest::Cancel => PendingRequest::StopNoRevert,
            JobRequest::Resume => return resume(job, now),
            other_request => return go_on(job, other_request, other, now),
        };
        match job.state {
            JobState::Waiting | JobState::Limited | JobState::Paused => job.settle(wanted, now),
            JobState::Running if job.want >= Some(wanted) => RequestAnswer::AsBefore(job.state),
            JobState::Running => {
                job.want = Some(wanted);
                RequestAnswer::Asked
            }
            JobState::Stuck if *request == JobRequest::Cancel => {
                job.enter("", EntryOutcome::StopNoRevert, JobState::Cancelled, now);
                RequestAnswer::Done(JobState::Cancelled)
            }
            JobState::Stuck => RequestAnswer::Impossible(job.state),
            state => RequestAnswer::Over(state),
        }
    }

    fn other_of_key(&self, id: JobId) -> Option<JobId> {
        let key = self.jobs.get(&id)?.key.clone()?;
        let mut jobs = self.jobs.iter();
        let found = jobs.find(|(other, job)| {
            **other != id && job.key.as_ref() == Some(&key) && !job.state.is_over()
        });
        found.map(|(other, _)| *other)
    }
}

fn resume(job: &mut ModelJob, now: i64) -> RequestAnswer {
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

fn go_on(
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
