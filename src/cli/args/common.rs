//! The options that every command understands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options that every command understands.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The configuration; else $RUN_FUNCTIONS_CONFIG, ./run_functions.toml,
    /// run_functions/run_functions.toml in $XDG_CONFIG_HOME (~/.config if not set) and in /etc, the
    /// first found.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Where pidfiles are [default: run].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) run_root: Option<PathBuf>,
    /// More in the log; twice: everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Less in the log: warnings and errors; twice: errors only.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) quiet: u8,
    /// The form of the log.
    #[arg(long, value_name = "FORMAT", global = true)]
    pub(crate) log_format: Option<LogFormatArg>,
    /// Colours on the screen.
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: ColorArg,
}

impl Common {
    /// Returns these options, with those of `other` where they are not given.
    pub(crate) fn or(&self, other: &Common) -> Common {
        Common {
            config: self.config.clone().or_else(|| other.config.clone()),
            run_root: self.run_root.clone().or_else(|| other.run_root.clone()),
            verbose: self.verbose.max(other.verbose),
            quiet: self.quiet.max(other.quiet),
            log_format: self.log_format.or(other.log_format),
            color: match self.color {
                ColorArg::Auto => other.color,
                color => color,
            },
        }
    }

    /// Returns how often `-v` was typed, less `-q`.
    pub(crate) fn verbosity(&self) -> i32 {
        i32::from(self.verbose) - i32::from(self.quiet)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormatArg {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorArg {
    Auto,
    Always,
    Never,
}
