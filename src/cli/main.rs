//! The entry of a process: which of our verbs it was started with.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use super::entry::people;
use crate::core::exit;
use crate::unix::terminal::print_to_stderr;
use crate::unix::{child, keeper, name_service, own_program, self_exe};

/// Runs the command line of this process: what the `main` of a binary returns.
///
/// Call it before anything else: commands, isolated functions and the delivery of mail are this
/// same binary, started with a verb that only the runner uses, and must not do what is before this
/// call a second time.
pub fn main() -> ExitCode {
    name_service::load_no_libraries();
    // What starts this program again knows nothing of words that were chosen.
    let verb = std::env::args_os().nth(1);
    match verb.as_deref().and_then(OsStr::to_str) {
        Some(self_exe::LAUNCHER) => child::launch(child::FunctionHooks {
            unpack: crate::runner::function_surroundings::unpack,
            call_step: crate::worker::step_process::call,
        }),
        Some(self_exe::KEEPER) => keeper::main(),
        Some(self_exe::MAIL_WORKER) => crate::mail::delivery_main::main(),
        Some(self_exe::PING_WORKER) => crate::ping::request_main(),
        _ => command_line(),
    }
}

/// Runs other words than those of the command line, the first of which is the name of the program:
/// for a program that has commands of its own.
///
/// The program is also started with words that only the library knows (isolated functions, the
/// delivery of mail): all that the program does not know itself must come here, or to [`main()`].
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     match std::env::args().nth(1).as_deref() {
///         Some("serve") => todo!("the program's own"),
///         Some("nightly") => run_functions::main_from(["shop", "tasks::orders", "tasks::stock"]),
///         _ => run_functions::main(),
///     }
/// }
/// ```
pub fn main_from<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> ExitCode {
    own_program::set_arguments(words.into_iter().map(Into::into).collect());
    main()
}

/// Runs the command line of a program that has this name and version: see [`main!`](crate::main!).
#[doc(hidden)]
pub fn main_of(name: &str, version: &str) -> ExitCode {
    own_program::announce(name, version);
    main()
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
