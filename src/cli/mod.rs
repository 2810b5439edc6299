//! The command line: names every concrete type; only it prints.

mod check;
mod list;
mod plan;

use std::process::ExitCode;

/// Runs the command line of this process: what the `main` of a binary returns.
pub fn main() -> ExitCode {
    ExitCode::from(crate::exit::OK)
}
