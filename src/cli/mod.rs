//! The command line: names every concrete type; only it prints.

mod args;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Parser;

use crate::process::{child, own_program};

/// Runs the command line of this process: what the `main` of a binary returns.
pub fn main() -> ExitCode {
    let verb = std::env::args_os().nth(1);
    match verb.as_deref().and_then(OsStr::to_str) {
        Some(own_program::LAUNCHER) => return child::launch(),
        _ => {}
    }
    let line = args::CommandLine::parse();
    println!("{line:#?}");
    ExitCode::from(crate::exit::OK)
}
