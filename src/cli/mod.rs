//! The command line: names every concrete type; only it prints.

use std::ffi::OsStr;
use std::process::ExitCode;

use crate::process::{child, own_program};

/// Runs the command line of this process: what the `main` of a binary returns.
pub fn main() -> ExitCode {
    match std::env::args_os()
        .nth(1)
        .as_deref()
        .and_then(OsStr::to_str)
    {
        Some(own_program::LAUNCHER) => return child::launch(),
        _ => {}
    }
    ExitCode::from(crate::exit::OK)
}
