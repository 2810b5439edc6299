//! A task of a chain that is simulated.

use std::time::Duration;

use super::script::Script;
use crate::alert::policy::TaskRules;
use crate::chain::Cooldowns;

/// A task of a simulated chain.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedTask {
    /// What its alerts go by.
    pub(crate) rules: TaskRules,
    /// Its pauses.
    pub(crate) cooldowns: Cooldowns,
    /// How its runs end.
    pub(crate) script: Script,
    /// How long each of them takes.
    pub(crate) takes: Duration,
}
