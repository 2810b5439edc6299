//! What is known of the answers about capabilities: pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::board::{CannotNow, JobId};
use crate::core::time::Mono;

/// After an answer other than yes the same is not asked again before.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(3);
/// How long a yes holds while the commands of other tags of the job run.
const YES_HOLDS: Duration = Duration::from_secs(10);
/// After a job could not be claimed in spite of a yes.
const AFTER_NO_CLAIM: Duration = Duration::from_secs(1);

/// A job that waits, and what is asked before it is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnclaimedJob {
    /// The job.
    pub(crate) id: JobId,
    /// The tags whose commands are asked.
    pub(crate) tags: Vec<String>,
    /// What the commands see of the job, the number aside.
    pub(crate) variables: BTreeMap<String, String>,
}

/// What was answered by the commands of `can`.
#[derive(Debug, Default)]
pub(super) struct CapabilityAnswers {
    jobs: Vec<UnclaimedJob>,
    /// Until when a yes holds: it is for one job, as the claim may change the answer for the next.
    yes: BTreeMap<(JobId, String), Mono>,
    /// When is asked again after a no: it is for all jobs with the same arguments.
    no: BTreeMap<(String, BTreeMap<String, String>), Mono>,
    /// Until when jobs are left alone that could not be claimed.
    missed: BTreeMap<JobId, Mono>,
}

impl CapabilityAnswers {
    /// Replaces the jobs that wait; what is known of others is forgotten.
    pub(super) fn consider(&mut self, jobs: Vec<UnclaimedJob>) {
        self.jobs = jobs;
        let ids: BTreeSet<JobId> = self.jobs.iter().map(|job| job.id).collect();
        let jobs = &self.jobs;
        self.yes.retain(|(id, _), _| ids.contains(id));
        self.missed.retain(|id, _| ids.contains(id));
        self.no
            .retain(|(_, variables), _| jobs.iter().any(|job| job.variables == *variables));
    }

    /// Returns the job about which the command of a tag is asked next.
    pub(super) fn next_question(&self, tag: &str, now: Mono) -> Option<&UnclaimedJob> {
        self.jobs.iter().find(|job| {
            job.tags.iter().any(|needed| needed == tag)
                && !self.has_yes(job, tag, now)
                && self.missed.get(&job.id).is_none_or(|until| *until <= now)
                && job.tags.iter().all(|tag| self.may_ask(job, tag, now))
        })
    }

    fn has_yes(&self, job: &UnclaimedJob, tag: &str, now: Mono) -> bool {
        let until = self.yes.get(&(job.id, tag.to_owned()));
        until.is_some_and(|until| *until > now)
    }

    fn may_ask(&self, job: &UnclaimedJob, tag: &str, now: Mono) -> bool {
        let again = self.no.get(&(tag.to_owned(), job.variables.clone()));
        again.is_none_or(|again| *again <= now)
    }

    /// Takes the answer of the command of a tag about a job.
    pub(super) fn answered(&mut self, tag: &str, job: &UnclaimedJob, can: bool, now: Mono) {
        let about = (tag.to_owned(), job.variables.clone());
        match can {
            true => {
                self.no.remove(&about);
                self.yes.insert((job.id, tag.to_owned()), now + YES_HOLDS);
            }
            false => {
                self.no.insert(about, now + ASK_AGAIN);
            }
        }
    }

    /// Returns the jobs of which all commands have answered yes, at most so many.
    pub(super) fn able(&self, at_most: usize, now: Mono) -> Vec<JobId> {
        let can = |job: &&UnclaimedJob| job.tags.iter().all(|tag| self.has_yes(job, tag, now));
        let able = self.jobs.iter().filter(can).map(|job| job.id);
        able.take(at_most).collect()
    }

    /// Takes the outcome of the claim of jobs: their answers are used up.
    pub(super) fn settle(&mut self, wanted: &[JobId], claimed: &[JobId], now: Mono) {
        self.yes.retain(|(id, _), _| !wanted.contains(id));
        self.jobs.retain(|job| !claimed.contains(&job.id));
        let missed = wanted.iter().filter(|id| !claimed.contains(id));
        self.missed
            .extend(missed.map(|id| (*id, now + AFTER_NO_CLAIM)));
    }

    /// Forgets each yes: no slot is free to use it.
    pub(super) fn forget_yes(&mut self) {
        self.yes.clear();
    }

    /// Returns the jobs that cannot be done now.
    pub(super) fn cannot_now(&self) -> Vec<CannotNow> {
        let about = |job: &UnclaimedJob, tag: &String| (tag.clone(), job.variables.clone());
        let all = self.jobs.iter().flat_map(|job| {
            let tags = job.tags.iter();
            let tags = tags.filter(move |tag| self.no.contains_key(&about(job, tag)));
            tags.map(|tag| CannotNow {
                job: job.id,
                tag: tag.clone(),
            })
        });
        all.collect()
    }

    /// Returns when something may be asked again.
    pub(super) fn due(&self) -> Option<Mono> {
        self.no.values().chain(self.missed.values()).min().copied()
    }
}

#[cfg(test)]
#[path = "capability_answers_tests.rs"]
mod tests;
