//! Takeover: how a newcomer becomes the runner of its chain, whoever was before, so that there is never a second one.
//!
//! The kernel's lock on `NAME.pid` says who the runner is; the lock on `NAME.next` says who is its heir. Only the heir may ask the
//! runner to leave, and holds its own lock from before it asks until the chain is its own. A newer newcomer asks a waiting heir to leave:
//! the latest started wins.
//!
//! ```text
//!  newcomer ──lock .next──► heir ──(TERM, wait, KILL)──► lock .pid ──► runner ──unlock .next
//!                 ▲           │ a newer one asks
//!                 └── evict ──┴──► exits 0
//! ```
//!
//! A newcomer that is killed half-way leaves the chain as it was: the signal of an heir is marked, and a runner that was asked by heirs
//! only looks once more for one before it leaves ([`Heirs::is_there`]). The same holds for an heir that was evicted by one that is gone.
//!
//! A newcomer that ends when it has the chain and the runner is just leaving for it: if somebody has asked it to stop, it leaves word of
//! that in `NAME.state` while the chain is still its own, and the runner ends with it. Without that word it is dead, and the runner starts
//! again ([`Heirs::take_over`]).
//!
//! One limit of that: of two SIGTERM that wait to be delivered to one process the system keeps the first. A person's SIGTERM that comes
//! within that moment after an heir's is taken back with it if the heir dies. Who wants a runner to stop asks again until it has.

mod error;
mod hand_over;
mod heir;
mod newcomer;
mod progress;
mod succession;

#[cfg(test)]
mod race;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use error::TakeoverError;
pub(crate) use hand_over::{HandOver, Heirs};
pub(crate) use progress::Progress;

use super::pidfile::Pidfile;
use super::run_root::RunRoot;
use super::signals::Reader;
use crate::chain::ChainName;
use crate::task::TaskName;

/// What a newcomer goes by.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    /// What becomes of a runner that is there.
    pub(crate) incumbent: Incumbent,
    /// How long our running task may finish after SIGTERM: what we promise, and what we suppose of a runner that has promised nothing.
    pub(crate) stop_timeout: Duration,
    /// How long its tree has between TERM and KILL; see `stop_timeout`.
    pub(crate) kill_grace: Duration,
    /// Kills what a stopped runner has running, before it is killed itself.
    pub(crate) end_tree: fn(i32),
    /// How long what may last.
    pub(crate) patience: Patience,
    /// What is a war of restarts.
    pub(crate) war: War,
}

/// What becomes of a runner that is there when we start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incumbent {
    /// It is replaced.
    Leaves,
    /// It stays, and we go.
    Stays,
}

/// How long a newcomer waits for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For an incumbent, beyond what it promised; for an heir that is to leave.
    pub(crate) margin: Duration,
    /// For the end of a process after SIGKILL.
    pub(crate) after_kill: Duration,
    /// For a lock whose holder cannot be seen.
    pub(crate) unseen: Duration,
    /// Between two words about waiting.
    pub(crate) between_words: Duration,
}

/// More takeovers than this in so short a time are a war: two that start the same chain again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct War {
    /// How many are still peace.
    pub(crate) takeovers: usize,
    /// Within which time.
    pub(crate) within: Duration,
}

/// The chain, held.
#[derive(Debug)]
pub(crate) struct Held {
    /// The pidfile; dropping it gives the chain up.
    pub(crate) pidfile: Pidfile,
    /// What we have to do with those who come after us.
    pub(crate) heirs: Heirs,
    /// The runner that left for us, if one was there.
    pub(crate) replaced: Option<i32>,
}

impl Takeover {
    /// Makes the policy of a newcomer that promises this.
    pub(crate) fn promising(stop_timeout: Duration, kill_grace: Duration) -> Self {
        Takeover {
            incumbent: Incumbent::Leaves,
            stop_timeout,
            kill_grace,
            end_tree: |_| {},
            patience: Patience::default(),
            war: War::default(),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            margin: Duration::from_secs(5),
            after_kill: Duration::from_secs(5),
            unseen: Duration::from_secs(5),
            between_words: Duration::from_secs(10),
        }
    }
}

impl Default for War {
    fn default() -> Self {
        War {
            takeovers: 10,
            within: Duration::from_secs(60),
        }
    }
}

/// Becomes the runner of a chain. Handlers must be installed, and the whole configuration read: a newcomer that cannot run must
/// not end one that does.
///
/// # Errors
///
/// When the chain is not ours afterwards. Unless the error says otherwise, a runner that was there still is.
pub(crate) fn acquire(
    root: &RunRoot,
    chain: &ChainName,
    tasks: &[TaskName],
    policy: &Takeover,
    signals: &Reader,
    out: &mut dyn FnMut(Progress),
) -> Result<Held, TakeoverError> {
    newcomer::Newcomer::new(root, chain, tasks, policy, signals, out)?.acquire()
}
