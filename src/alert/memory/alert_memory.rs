//! The memory of a chain.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::task::TaskMemory;
use crate::alert::bucket::{ClockGap, HourlyLimit};
use crate::alert::tally::SummaryDue;
use crate::core::time::Moment;
use crate::mute::account::MuteAccount;

/// The longest absence that the wall clock is believed.
const LONGEST_ABSENCE: Duration = Duration::from_secs(366 * 86_400);

/// All that outlives a runner of what its alerts depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AlertMemory {
    version: MemoryVersion,
    /// The boot whose clock all its points in time are on.
    boot: String,
    /// When it was saved, on both clocks: by this it moves to the clock of another boot.
    saved: Moment,
    /// When it began to know nothing: with the facts of a mail this names the mail, before and
    /// after a crash.
    #[serde(default = "long_ago")]
    born: SystemTime,
    pub(in crate::alert) hour: HourlyLimit,
    pub(in crate::alert) tasks: Vec<TaskMemory>,
    /// The summary that is due next.
    #[serde(default)]
    pub(in crate::alert) summary: Option<SummaryDue>,
}

/// The version of the form, so that an older program reports what is wrong instead of misreading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct MemoryVersion;

impl MemoryVersion {
    const NUMBER: u32 = 1;
}

impl From<MemoryVersion> for u32 {
    fn from(MemoryVersion: MemoryVersion) -> u32 {
        MemoryVersion::NUMBER
    }
}

impl TryFrom<u32> for MemoryVersion {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            MemoryVersion::NUMBER => Ok(MemoryVersion),
            other => Err(format!(
                "the alert memory has form `{other}`, this program reads form `{}`",
                MemoryVersion::NUMBER
            )),
        }
    }
}

impl AlertMemory {
    /// Makes the memory of a chain that never ran. `boot` is the kernel's boot id.
    pub(crate) fn empty(now: Moment, boot: &str) -> Self {
        AlertMemory::new(now, boot, now.wall, HourlyLimit::default(), Vec::new())
    }

    /// Creates the memory of what the policy knows now.
    pub(in crate::alert) fn new(
        now: Moment,
        boot: &str,
        born: SystemTime,
        hour: HourlyLimit,
        tasks: Vec<TaskMemory>,
    ) -> Self {
        AlertMemory {
            version: MemoryVersion,
            boot: boot.to_owned(),
            saved: now,
            born,
            hour,
            tasks,
            summary: None,
        }
    }

    /// Returns the memory for a runner that comes back from a crash: it remembers all.
    pub(crate) fn restored(mut self, now: Moment, boot: &str) -> Self {
        self.rebase(now, boot);
        for task in &mut self.tasks {
            task.come_back(now.mono);
        }
        self
    }

    /// Returns the memory for a runner that a user started (again): what limits mails is kept, and
    /// what was held back; all else is forgotten.
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

    /// The level at which [`shortened`](AlertMemory::shortened) leaves the least.
    pub(crate) const SHORTEST: u32 = 6;

    /// Returns the memory with less of its kinds and texts: half as much with each level.
    pub(crate) fn shortened(&self, level: u32) -> Self {
        let mut memory = self.clone();
        for task in &mut memory.tasks {
            task.shorten(level);
        }
        memory
    }

    /// Returns the memory without what is known of single tasks.
    pub(crate) fn without_tasks(&self) -> Self {
        AlertMemory {
            tasks: Vec::new(),
            ..self.clone()
        }
    }

    /// Returns the memory without what is known of one task.
    pub(crate) fn without_task(mut self, name: &str) -> Self {
        self.tasks.retain(|task| task.name != name);
        self
    }

    /// Replaces what is known of one task by what `other` knows of it.
    pub(crate) fn keep_task_of(&mut self, other: &AlertMemory, name: &str) {
        *self = std::mem::replace(self, other.without_tasks()).without_task(name);
        let kept = other.tasks.iter().filter(|task| task.name == name);
        self.tasks.extend(kept.cloned());
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

    /// Returns the account of the mute of each task that has one, with the name of the task.
    pub(crate) fn mute_accounts(&self) -> impl Iterator<Item = (&str, &MuteAccount)> + Clone {
        let tasks = self.tasks.iter();
        tasks.filter_map(|task| Some((task.name.as_str(), task.muted.as_ref()?)))
    }

    /// Moves every point in time onto the clock of this boot. Within one boot there is nothing to
    /// do, whatever the wall clock did.
    fn rebase(&mut self, now: Moment, boot: &str) {
        let same_boot = !boot.is_empty() && self.boot == boot && self.saved.mono <= now.mono;
        if !same_boot {
            let by_wall = now.wall.duration_since(self.saved.wall);
            let absence = ClockGap {
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

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
