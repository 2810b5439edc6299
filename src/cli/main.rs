//! The entry of a process: which of our verbs it was started with.

use std::ffi::OsStr;
use std::process::ExitCode;

use super::entry::people;
use crate::core::exit;
use crate::unix::terminal::print_to_stderr;
use crate::unix::{child, keeper, name_service, self_exe};

/// Runs the command line of this process: what the `main` of a binary returns.
///
/// Call it before anything else: commands, isolated functions and the delivery of mail are this
/// same binary, started with a verb that only the runner uses, and must not do what is before this
/// call a second time.
pub fn main() -> ExitCode {
    name_service::load_no_libraries();
    let verb = std::env::args_os().nth(1);
    match verb.as_deref().and_then(OsStr::to_str) {
        Some(self_exe::LAUNCHER) => child::launch(child::FunctionHooks {
            unpack: crate::mail::unpack,
            call_step: crate::worker::step_process::call,
        }),
        Some(self_exe::KEEPER) => keeper::main(),
        Some(self_exe::MAIL_WORKER) => crate::mail::delivery_main::main(),
        Some(self_exe::PING_WORKER) => crate::ping::request_main(),
        _ => command_line(),
    }
}

/// Carries out the command line of a person.
fn command_line() -> ExitCode {
    // Later this path may be another program. (The launcher owns all its descriptors by number, and
    // pins nothing before that.)
    let _ = self_exe::pin();
    match people() {
        Ok(()) => ExitCode::from(exit::OK),
        Err(refusal) => {
            print_to_stderr(&refusal.to_string());
            ExitCode::from(refusal.code)
        }
    }
}
