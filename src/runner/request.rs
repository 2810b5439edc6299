//! What is to be run, when everything has been read and nothing has been done.

use std::time::Duration;

use crate::chain::ChainName;
use crate::config::{Inputs, Loaded, TaskDefinition};
use crate::core::settings::{LockEngine, Settings};
use crate::redact::Redactor;
use crate::service::secrets::redactor;
use crate::service::stop_escalation::StopEscalation;
use crate::task::label::TaskLabel;

/// A chain that is to be run: everything has been read, nothing has been done.
pub(crate) struct RunRequest<'a> {
    /// What surrounds this process.
    pub(crate) inputs: &'a Inputs,
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// The tasks, in order.
    pub(crate) tasks: Vec<&'a TaskDefinition>,
    /// The name of the chain.
    pub(crate) name: ChainName,
    /// What is to be made of what a former runner remembered.
    pub(crate) memory: MemoryPolicy,
    /// Whether a runner of systemd's is replaced also by one that a person starts in a terminal.
    pub(crate) replace_unit: bool,
    /// What is odd in the configuration.
    pub(crate) warnings: Warnings,
}

/// What is odd in a configuration, in both forms.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    /// For a log, one each.
    pub(crate) lines: Vec<String>,
    /// For a person, with excerpts.
    pub(crate) rendered: String,
}

impl RunRequest<'_> {
    /// Returns whether the chain runs under a lock that other hosts contend for.
    pub(crate) fn is_locked(&self) -> bool {
        is_locked(&self.loaded.settings)
    }

    /// Returns what the tasks are called on the screen.
    pub(crate) fn labels(&self) -> Vec<String> {
        TaskLabel::all(self.tasks.iter().map(|task| task.name.as_str()))
    }

    /// Returns what takes the secrets of this process out of texts.
    pub(crate) fn redactor(&self) -> Redactor {
        redactor(self.inputs, self.loaded, &self.tasks)
    }
}

/// Returns whether chains run under a lock that other hosts contend for.
pub(crate) fn is_locked(settings: &Settings) -> bool {
    let lock = &settings.lock;
    match lock.engine {
        LockEngine::None => false,
        // In its own directory the pidfile does the same.
        LockEngine::File => !lock.addresses.is_empty() || lock.key.is_some(),
        LockEngine::Consul | LockEngine::Postgres | LockEngine::Registered(_) => true,
    }
}

/// What is to be made of what a former runner remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryPolicy {
    /// Take it over after a crash, forget it when a person started us.
    AfterCrash,
    /// Forget it in any case.
    Never,
}

/// The longest time that a tree of this chain may take from TERM to KILL.
pub(super) fn longest_grace(order: &RunRequest<'_>) -> Duration {
    let graces = order
        .tasks
        .iter()
        .map(|task| task.settings.child.kill_grace);
    graces
        .chain([order.loaded.settings.kill_grace])
        .max()
        .unwrap_or_default()
}

pub(super) fn patience(order: &RunRequest<'_>) -> StopEscalation {
    let settings = &order.loaded.settings;
    StopEscalation::new(settings.stop_timeout, settings.kill_grace)
}
