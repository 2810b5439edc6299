//! The words of `check-liveness`.

use clap::Args;

use super::lock::LockArgs;

/// Which success is looked for.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 each success is fresh, 1 one is too old, 3 there is no record; 69 the server that has it does not answer, and nothing fresh is here."
)]
pub(crate) struct CheckLivenessArgs {
    /// The chain; all that STATE_DIR has records of if not given.
    #[arg(value_name = "CHAIN")]
    pub(crate) chain: Option<String>,
    /// How old its last success may be, such as `10m`.
    #[arg(long, value_name = "TIME", required = true)]
    pub(crate) max_age: String,
    #[command(flatten)]
    pub(crate) lock: LockArgs,
}
