//! What the policy knows from one moment to the next, in the form in which it survives a crash.
//!
//! Two ways lead from a saved memory to a new runner. [`Memory::restored`] is for one that comes back from a crash: it knows every kind, the
//! outage and the schedule of its reminders. [`Memory::forgotten`] is for one that a person started: only what limits the number of
//! mails is kept, and what was held back so far.

mod held;
mod later;
mod task;
mod waiting;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::bucket::{Absence, HourlyLimit};
use super::tally::Schedule;
use crate::time::{Moment, Mono};

pub(crate) use held::{Held, sort_of};
pub(crate) use task::{Ongoing, TaskMemory};
pub(crate) use waiting::{Limit, Waiting, waiting};

/// The longest absence that the wall clock is believed.
const LONGEST_ABSENCE: Duration = Duration::from_secs(366 * 86_400);

/// What is remembered is from no longer ago: where it says so, it was damaged.
const LONGEST_PAST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// All that outlives a runner of what its alerts depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    version: Version,
    /// The boot whose clock all its points in time are on.
    boot: String,
    /// When it was saved, on both clocks: by this it moves to the clock of another boot.
    saved: Moment,
    /// When it began to know nothing: with the facts of a mail this names the mail, before and after a crash.
    #[serde(default = "long_ago")]
    born: SystemTime,
    pub(super) hour: HourlyLimit,
    pub(super) tasks: Vec<TaskMemory>,
    /// The summary that is due next.
    #[serde(default)]
    pub(super) summary: Option<Schedule>,
}

/// The version of the form, so that an older program says what is wrong instead of misreading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Version;

impl Version {
    const NUMBER: u32 = 1;
}

impl From<Version> for u32 {
    fn from(Version: Version) -> u32 {
        Version::NUMBER
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            Version::NUMBER => Ok(Version),
            other => Err(format!(
                "the alert memory has form `{other}`, this program reads form `{}`",
                Version::NUMBER
            )),
        }
    }
}

impl Memory {
    /// Makes the memory of a chain that never ran. `boot` is the kernel's boot id.
    pub(crate) fn empty(now: Moment, boot: &str) -> Self {
        Memory::new(now, boot, now.wall, HourlyLimit::default(), Vec::new())
    }

    /// Makes one of what the policy knows now.
    pub(super) fn new(
        now: Moment,
        boot: &str,
        born: SystemTime,
        hour: HourlyLimit,
        tasks: Vec<TaskMemory>,
    ) -> Self {
        Memory {
            version: Version,
            boot: boot.to_owned(),
            saved: now,
            born,
            hour,
            tasks,
            summary: None,
        }
    }

    /// Returns it for a runner that comes back from a crash: it remembers all.
    pub(crate) fn restored(mut self, now: Moment, boot: &str) -> Self {
        self.rebase(now, boot);
        for task in &mut self.tasks {
            task.come_back(now.mono);
        }
        self
    }

    /// Returns it for a runner that a person started (again): what limits mails is kept, and what was held back; all else is forgotten.
    pub(crate) fn forgotten(mut self, now: Moment, boot: &str) -> Self {
        let saved = self.saved.mono;
        let asking: Vec<_> = self
            .tasks
            .iter()
            .map(|task| task.asking_for(saved))
            .collect();
        self.rebase(now, boot);
        self.born = now.wall;
        for (task, asking) in self.tasks.iter_mut().zip(asking) {
            task.forget();
            if let Some(span) = asking {
                task.ask_on(now.mono - span);
            }
        }
        self
    }

    /// Returns the boot id whose clock it is on.
    pub(crate) fn boot(&self) -> &str {
        &self.boot
    }

    /// Returns when it began to know nothing.
    pub(crate) fn born(&self) -> SystemTime {
        self.born
    }

    /// Returns what is known of each task, in the order of the chain.
    pub(crate) fn tasks(&self) -> &[TaskMemory] {
        &self.tasks
    }

    /// Moves every point in time onto the clock of this boot. Within one boot there is nothing to do, whatever the wall clock did.
    fn rebase(&mut self, now: Moment, boot: &str) {
        let same_boot = !boot.is_empty() && self.boot == boot && self.saved.mono <= now.mono;
        if !same_boot {
            let by_wall = now.wall.duration_since(self.saved.wall);
            let absence = Absence {
                saved: self.saved.mono,
                elapsed: by_wall.unwrap_or_default().min(LONGEST_ABSENCE),
                now: now.mono,
            };
            self.hour.rebase(&absence);
            for task in &mut self.tasks {
                task.rebase(&absence);
            }
        }
        self.boot = boot.to_owned();
        self.saved = now;
    }
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH
}

/// Returns `then` as far as it can be believed: not ahead of the clock, and so lately that it can be counted on from there.
fn no_later(then: Mono, now: Mono) -> Mono {
    then.clamp(now - LONGEST_PAST, now)
}

#[cfg(test)]
mod tests;
