//! What is pushed about the lock of a chain.

use std::time::Duration;

/// How the lock of a chain stands at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockMetrics {
    /// For how long work may go on under it; `None`: the lock is not held.
    pub(crate) margin: Option<Duration>,
    /// How often this runner has gone on where another host left the chain.
    pub(crate) failovers: u64,
}
