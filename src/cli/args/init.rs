//! What can be typed after `init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What to begin with.
    #[arg(long, value_name = "TEMPLATE", default_value = "commands")]
    pub(crate) template: TemplateArg,
    /// Where to; made if it is missing.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
}

/// What `init` can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateArg {
    /// A configuration with two commands, and every option with its default.
    Commands,
    /// A crate with a function.
    Rust,
    /// A chain that fails soon: mails within seconds, as files.
    Demo,
    /// A job whose steps are undone when it fails.
    Jobs,
    /// Jobs that run by the clock.
    Schedule,
}
