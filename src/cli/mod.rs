//! The command line: names every concrete type; only it prints.

mod args;
mod check;
mod list;
mod plan;
mod run;
mod screen;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Parser;

use crate::process::{child, own_program};

/// Runs the command line of this process: what the `main` of a binary returns.
pub fn main() -> ExitCode {
    ExitCode::from(crate::exit::OK)
}
