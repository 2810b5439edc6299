//! A small model of a board, written from the table and the protocol without a look at an engine.

use std::collections::BTreeMap;

use super::model_job::{ModelJob, go_on, resume};
use crate::board::{
    JobId, JobPosition, JobRequest, JobState, KeyRule, PendingRequest, RequestAnswer, Transition,
    TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

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
