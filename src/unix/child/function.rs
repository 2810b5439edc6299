//! A registered function in a process of its own.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use super::environment::{DEADLINE, FENCE};
use super::launch_request::{LaunchReply, LaunchStage, StartFailure};
use super::sys;
use crate::task::context::{self, StopCause};
use crate::task::{self, FunctionNames, TaskFunction, TaskName};

/// Calls a registered function to its end.
pub(super) fn call(name: &str, stop_signal: i32) -> LaunchReply {
    let names = FunctionNames::of(&task::registered());
    let found = TaskName::parse(name).ok();
    let Some(function) = found.and_then(|name| names.find(&name)) else {
        return LaunchReply::NotStarted(StartFailure {
            stage: LaunchStage::Function,
            subject: name.to_owned(),
            errno: None,
            reason: Some("no function of this name is registered in this binary".to_owned()),
        });
    };
    if log::set_logger(&StandardError).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
    context::set_fence(number_in(FENCE));
    let since_epoch = number_in(DEADLINE).map(Duration::from_secs);
    context::set_deadline(since_epoch.and_then(|span| UNIX_EPOCH.checked_add(span)));
    if let TaskFunction::WithContext(_) = function.run {
        // A function that cannot ask is ended by the signal, as any program.
        sys::handle_signal(stop_signal, take_note);
    }
    let outcome = task::call(function);
    let _ = io::stdout().flush();
    LaunchReply::Returned(outcome.into())
}

extern "C" fn take_note(_: i32) {
    context::request_stop(StopCause::Asked);
}

/// Returns what a variable of this process holds.
fn number_in(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The runner's log is in another process; what the function logs becomes part of its output.
struct StandardError;

impl log::Log for StandardError {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let (level, target) = (record.level(), record.target());
        let _ = writeln!(io::stderr(), "{level} {target}: {}", record.args());
    }

    fn flush(&self) {}
}
