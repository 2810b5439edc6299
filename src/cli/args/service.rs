//! What can be typed after `service`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Print the systemd unit of a chain, with the paths of this machine. Changes nothing.
    Print(ServicePrintArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServicePrintArgs {
    /// The tasks of the chain in their order; or the name of a chain that has run here.
    #[arg(value_name = "TASK|NAME", required_unless_present_any = ["sysusers", "tmpfiles"])]
    pub(crate) tasks: Vec<String>,
    /// For the systemd of this user instead of that of the machine.
    #[arg(long, conflicts_with_all = ["run_as", "sysusers", "tmpfiles"])]
    pub(crate) user: bool,
    /// Who runs it [default: who types this; root: root].
    #[arg(long, value_name = "USER")]
    pub(crate) run_as: Option<String>,
    /// The name of the chain [default: the function names joined with `_`].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Print what makes the user (sysusers.d) instead [default user: run_functions].
    #[arg(long, conflicts_with_all = ["tmpfiles", "tasks", "name"])]
    pub(crate) sysusers: bool,
    /// Print what makes the directories (tmpfiles.d) instead [default user: run_functions].
    #[arg(long, conflicts_with_all = ["tasks", "name"])]
    pub(crate) tmpfiles: bool,
}
