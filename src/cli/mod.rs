//! The command line: names every concrete type; only it prints.

mod args;

use std::process::ExitCode;

use clap::Parser;

/// Runs the command line of this process: what the `main` of a binary returns.
pub fn main() -> ExitCode {
    let line = args::CommandLine::parse();
    println!("{line:#?}");
    ExitCode::from(crate::exit::OK)
}
