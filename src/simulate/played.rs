//! What playing a chain has come to.

use crate::core::time::Moment;

/// How many runs are played at most: a chain may never come to its end.
pub(super) const MOST_RUNS: u64 = 1_000_000;

/// What came of playing a chain.
#[derive(Debug)]
pub(crate) struct Played<A> {
    /// The sink that made the alerts.
    pub(crate) alerts: A,
    /// How many runs there were.
    pub(crate) runs: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
    /// When it ended.
    pub(crate) ended: Moment,
    /// What ended it before its scripts did.
    pub(crate) limit: Option<SimulationLimit>,
}

/// Why a simulation ends before its scripts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SimulationLimit {
    /// A million runs.
    Runs,
    /// Ten thousand mails.
    Mails,
}
