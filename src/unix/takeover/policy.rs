//! The policy of a newcomer: what becomes of a runner that is there, and how long what may last.

use std::time::Duration;

/// What a newcomer goes by.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    /// What becomes of a runner that is there.
    pub(crate) incumbent: IncumbentPolicy,
    /// How long our running task may finish after SIGTERM: what we promise, and what we suppose of
    /// a runner that has promised nothing.
    pub(crate) stop_timeout: Duration,
    /// How long its tree has between TERM and KILL; see `stop_timeout`.
    pub(crate) kill_grace: Duration,
    /// Kills what a stopped runner has running, before it is killed itself.
    pub(crate) end_tree: fn(i32),
    /// How long what may last.
    pub(crate) patience: WaitLimits,
    /// What is a war of restarts.
    pub(crate) war: RestartStorm,
}

/// What becomes of a runner that is there when we start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IncumbentPolicy {
    /// The runner is replaced.
    Leaves,
    /// The runner stays, and the newcomer goes.
    Stays,
}

/// How long a newcomer waits for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitLimits {
    /// For an incumbent, beyond what it promised; for an heir that is to leave.
    pub(crate) margin: Duration,
    /// For the end of a process after SIGKILL.
    pub(crate) after_kill: Duration,
    /// For a lock whose holder cannot be seen.
    pub(crate) unseen: Duration,
    /// Between two words about waiting.
    pub(crate) between_words: Duration,
}

/// More takeovers than this in so short a time are a war: two that start the same chain again and
/// again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RestartStorm {
    /// How many are still peace.
    pub(crate) takeovers: usize,
    /// Within which time.
    pub(crate) within: Duration,
}

impl Takeover {
    /// Makes the policy of a newcomer that promises this.
    pub(crate) fn promising(stop_timeout: Duration, kill_grace: Duration) -> Self {
        Takeover {
            incumbent: IncumbentPolicy::Leaves,
            stop_timeout,
            kill_grace,
            end_tree: |_| {},
            patience: WaitLimits::default(),
            war: RestartStorm::default(),
        }
    }
}

impl Default for WaitLimits {
    fn default() -> Self {
        WaitLimits {
            margin: Duration::from_secs(5),
            after_kill: Duration::from_secs(5),
            unseen: Duration::from_secs(5),
            between_words: Duration::from_secs(10),
        }
    }
}

impl Default for RestartStorm {
    fn default() -> Self {
        RestartStorm {
            takeovers: 10,
            within: Duration::from_secs(60),
        }
    }
}
