//! The result of a simulation.

use super::played::SimulationLimit;
use crate::alert::alert_facts::Alert;
use crate::alert::memory::AlertMemory;
use crate::alert::message;
use crate::core::time::Moment;

/// What a simulation foresees.
#[derive(Debug)]
pub(crate) struct Forecast {
    /// The mails, in order.
    pub(crate) mails: Vec<ForeseenMail>,
    /// How many runs there were.
    pub(crate) runs: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
    /// When it ended.
    pub(crate) ended: Moment,
    /// What the policy remembers at the end.
    pub(crate) memory: AlertMemory,
    /// What ended it before its scripts did.
    pub(crate) limit: Option<SimulationLimit>,
}

/// A mail of the future.
#[derive(Debug)]
pub(crate) struct ForeseenMail {
    /// When it leaves.
    pub(crate) at: Moment,
    /// The alert that it reports.
    pub(crate) alert: Alert,
}

impl ForeseenMail {
    /// Returns the words of its subject: `First exception caught: TEXT`.
    pub(crate) fn headline(&self) -> String {
        message::headline(&self.alert)
    }
}
