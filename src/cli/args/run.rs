//! What can be typed to run a chain.

use clap::Args;

use super::lock::LockArgs;

/// How a chain is run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The tasks of the chain in their order, such as `tasks::send_mail`.
    #[arg(value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    /// The name of the chain [default: the function names joined with `_`].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Refuse to start while another runner of this chain lives (exit 75).
    #[arg(long)]
    pub(crate) no_kill_concurrent: bool,
    /// On a terminal: replace also a runner that systemd has started (its unit is inactive then).
    #[arg(long)]
    pub(crate) replace_unit: bool,
    #[command(flatten)]
    pub(crate) lock: LockArgs,
    /// Forget what was mailed before, also after a crash.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
