//! `[worker]`.

use std::collections::BTreeMap;
use std::time::Duration;

/// What a worker goes by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkerSettings {
    /// The name on the board; `None`: HOST, HOST-2 and so on.
    pub name: Option<String>,
    /// How many steps run at once; `None`: as many as the machine has processors.
    pub slots: Option<u32>,
    /// What this worker has that jobs may need.
    pub tags: Vec<String>,
    /// The tags that hold while a command succeeds, with the command.
    pub can: BTreeMap<String, Vec<String>>,
    /// The variables for commands of steps.
    pub vars: BTreeMap<String, String>,
    /// How long steps may go on when the worker is asked to stop.
    pub drain_timeout: Duration,
}

impl Default for WorkerSettings {
    /// Returns what holds where nothing is written.
    fn default() -> Self {
        WorkerSettings {
            name: None,
            slots: None,
            tags: Vec::new(),
            can: BTreeMap::new(),
            vars: BTreeMap::new(),
            drain_timeout: Duration::from_secs(3600),
        }
    }
}
