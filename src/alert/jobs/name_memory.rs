//! What is remembered of a name besides what the policy of chains remembers.

use serde::{Deserialize, Serialize};

use super::failed_jobs::FailedJobs;

/// How many kinds of a name wait to be decided about.
const MOST_WAITING: usize = 64;
/// How many builds of a name are known.
const MOST_BUILDS: usize = 32;

/// What is remembered of a name: the minute that is counted, what has yet to be decided about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NameMemory {
    /// The minute that is counted, since 1970.
    pub(super) minute: i64,
    /// How many jobs failed in the minute.
    pub(super) failed: u64,
    /// How many succeeded in the minute.
    pub(super) succeeded: u64,
    /// Whether the last minute with an end was down.
    pub(super) is_down: bool,
    /// What has yet to be decided about.
    pub(super) waiting: Vec<FailedJobs>,
    /// The builds that were seen, the latest last.
    pub(super) builds: Vec<String>,
    /// The kinds of the conditions that hold.
    pub(super) open: Vec<String>,
    /// What was decided about last.
    pub(super) latest: Option<FailedJobs>,
}

impl NameMemory {
    /// Takes in jobs that failed.
    pub(super) fn fail(&mut self, jobs: FailedJobs) {
        self.failed = self.failed.saturating_add(jobs.count);
        let is_full = self.waiting.len() >= MOST_WAITING;
        let alike = self.waiting.iter_mut().find(|one| one.kind == jobs.kind);
        match alike {
            Some(alike) => alike.join(jobs),
            None if !is_full => self.waiting.push(jobs),
            None => {
                if let Some(last) = self.waiting.last_mut() {
                    last.count = last.count.saturating_add(jobs.count);
                }
            }
        }
    }

    /// Returns whether the minute is down as far as it has come.
    pub(super) fn is_down_now(&self) -> bool {
        match self.failed.saturating_add(self.succeeded) {
            0 => self.is_down,
            _ => self.failed >= self.succeeded,
        }
    }

    /// Takes note of a build. Returns whether another one was known, and this one was not.
    pub(super) fn is_new_build(&mut self, build: &str) -> bool {
        if build.is_empty() || self.builds.iter().any(|known| known == build) {
            return false;
        }
        let is_first = self.builds.is_empty();
        if self.builds.len() >= MOST_BUILDS {
            self.builds.remove(0);
        }
        self.builds.push(build.to_owned());
        !is_first
    }
}
