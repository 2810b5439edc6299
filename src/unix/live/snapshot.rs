//! What a page holds, and how large it is.

use crate::core::event::{RunDeadlines, TaskIndex};
use crate::core::time::Mono;

/// How many bytes a page has.
pub(super) const SIZE: usize = 4096;
/// How many words a page has.
pub(super) const WORDS: usize = SIZE / 8;

/// What a runner is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// Nothing yet, or no more.
    Nothing,
    /// A run goes on.
    Running {
        /// Of this task.
        step: TaskIndex,
        /// Since then.
        since: Mono,
        /// How long it may; `None`: its runner does not say.
        limit: Option<RunDeadlines>,
    },
    /// A cooldown passes.
    Sleeping {
        /// After this task.
        step: TaskIndex,
        /// Since then.
        since: Mono,
        /// Until then.
        until: Mono,
    },
}

/// What is read off the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiveSnapshot {
    /// The process that wrote the page.
    pub(crate) pid: u32,
    /// The boot in which the times hold.
    pub(crate) boot: u64,
    /// What it does, or did when it died.
    pub(crate) doing: Activity,
    /// How many runs ended well, and how many failed, since it started.
    pub(crate) runs: (u64, u64),
    /// What its alerts hold back.
    pub(crate) held_back: Option<HeldBackCounts>,
    /// What the disk did not take.
    pub(crate) unkept: UnwrittenData,
    /// How its tasks fare, in order; of a very long chain only the first ones.
    pub(crate) tasks: Vec<TaskFares>,
}

/// Failures that no mail has told of, in numbers: what they mean is known to alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldBackCounts {
    /// How many kinds of failure, at least one.
    pub(crate) kinds: u64,
    /// How many failures more.
    pub(crate) unnamed: u64,
    /// Until when.
    pub(crate) until: Mono,
    /// The number of the limit.
    pub(crate) limit: u64,
}

/// What is in the memory of a runner alone, because the disk refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnwrittenData {
    /// Since when the history of runs is not written.
    pub(crate) history: Option<Mono>,
    /// Since when the memory of alerts is not written.
    pub(crate) memory: Option<Mono>,
    /// How many mails wait there.
    pub(crate) mails: u64,
}

/// How a task fares, as far as this runner has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TaskFares {
    /// The task has not run, or has only asked for later.
    #[default]
    Unknown,
    /// Its last run ended well.
    Well,
    /// The task fails.
    Down {
        /// Since its first failed run began.
        since: Mono,
        /// How many runs have failed in a row.
        failures: u64,
    },
}
