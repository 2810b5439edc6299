//! The words of `serve`.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

/// A server to be started, or its tokens.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 stopped; 69 the board or the address cannot be used; 78 the configuration is wrong."
)]
pub(crate) struct ServeArgs {
    /// Where to listen: ADDRESS:PORT, or unix:PATH [default: 127.0.0.1:7400].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    #[command(subcommand)]
    pub(crate) verb: Option<ServeVerb>,
}

/// What is asked of a server that need not run.
#[derive(Debug, Subcommand)]
pub(crate) enum ServeVerb {
    /// Look after tokens: what lets users and workers in.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token, and print it once.
    Add {
        /// Its name, under which actions are recorded.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it allows.
        #[arg(long, value_name = "ROLE")]
        role: RoleArg,
        /// A project whose jobs and schedules it shows [default: all].
        #[arg(long = "project", value_name = "NAME")]
        projects: Vec<String>,
        /// How long it holds, such as `90d` [default: until revoked].
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        expires: Option<Duration>,
    },
    /// List the tokens that hold.
    List {
        /// As data.
        #[arg(long)]
        json: bool,
    },
    /// End a token, and all logins that were made with it, at once.
    Revoke {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// To register workers: each gets a token of its own.
    Register,
    /// To claim jobs and report them.
    Worker,
    /// To look.
    View,
    /// To look, and to post jobs.
    Post,
    /// To stop, retry, pause and resume, too.
    Operate,
    /// To read what was done by others, too.
    Admin,
}
