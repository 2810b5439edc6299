//! The words of `once`.

use clap::Args;

use super::lock::LockArgs;

/// Tasks that are run once.
#[derive(Debug, Args)]
pub(crate) struct OnceArgs {
    /// The tasks.
    #[arg(value_name = "TASK", required = true)]
    pub(crate) tasks: Vec<String>,
    /// The name of the chain, by which its lock is known [default: the function names joined with
    /// `_`].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// In the environment that a service would have: its PATH, and nothing of this login.
    #[arg(long)]
    pub(crate) clean_env: bool,
    #[command(flatten)]
    pub(crate) lock: LockArgs,
}
