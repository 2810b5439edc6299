//! The words of a lock.

use clap::Args;

impl LockArgs {
    /// Returns whether any of them is given.
    pub(crate) fn is_set(&self) -> bool {
        self.lock.is_some() || self.keep_lock || self.no_lock
    }
}

/// The lock of a chain.
#[derive(Debug, Default, Args)]
pub(crate) struct LockArgs {
    /// Run one instance across hosts, by the lock at this URL: `consul://HOST:8500/KEY`,
    /// `postgres://USER@HOST/DATABASE`, `file:///PATH`.
    #[arg(long, value_name = "URL", conflicts_with = "no_lock")]
    pub(crate) lock: Option<String>,
    /// Hold the lock through cooldowns.
    #[arg(long, conflicts_with = "no_lock")]
    pub(crate) keep_lock: bool,
    /// Run without the lock of the configuration.
    #[arg(long)]
    pub(crate) no_lock: bool,
}

/// A command that is run under a lock.
#[derive(Debug, Args)]
pub(crate) struct LockCommandArgs {
    /// The name of the lock, unless `--lock` or `[lock]` names another one.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) lock: LockArgs,
    /// The command with its arguments.
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(crate) command: Vec<String>,
}
