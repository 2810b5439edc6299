//! The command line: names every concrete type; only it prints.

use std::process::ExitCode;

/// Runs the command line of this process: what the `main` of a binary returns.
pub fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|verb| verb == crate::process::own_program::MAIL_WORKER)
    {
        return crate::mail::worker::main();
    }
    ExitCode::from(crate::exit::OK)
}
