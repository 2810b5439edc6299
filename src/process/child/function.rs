//! A registered function in a process of its own.

use std::any::Any;
use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::orders::{Answer, Refusal, Stage, beginning};
use crate::failure::{Failure, FailureClass, Outcome};
use crate::task::{Registration, registered};

/// What the hook learned of the latest panic of the function's own thread.
static LATEST: Mutex<Option<(Option<String>, String)>> = Mutex::new(None);

const MOST_BACKTRACE: usize = 24 * 1024;

/// Calls a registered function to its end.
pub(super) fn call(name: &str) -> Answer {
    let all = registered();
    let Some(function) = all.iter().find(|function| function.name().as_str() == name) else {
        return Answer::NotStarted(Refusal {
            stage: Stage::Function,
            subject: name.to_owned(),
            errno: None,
            reason: Some("no function of this name is registered in this binary".to_owned()),
        });
    };
    log_to_standard_error();
    Answer::Returned(caught(function).into())
}

fn caught(function: &Registration) -> Outcome {
    let by_default = panic::take_hook();
    let own = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        // The default hook writes to standard error: what a thread of the function says is in the output.
        by_default(info);
        if thread::current().id() == own {
            remember(info);
        }
    }));
    let outcome = match panic::catch_unwind(AssertUnwindSafe(function.run)) {
        Ok(report) => report.into_outcome(),
        Err(payload) => Outcome::Failure(Box::new(panicked(payload.as_ref()))),
    };
    let _ = std::io::stdout().flush();
    outcome
}

fn remember(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    let backtrace = beginning(&Backtrace::force_capture().to_string(), MOST_BACKTRACE);
    *LATEST.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, backtrace));
}

fn panicked(payload: &(dyn Any + Send)) -> Failure {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let mut failure = Failure::new(
        FailureClass::Panic,
        text.unwrap_or("a panic without a text"),
    );
    let latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((place, backtrace)) = latest {
        failure.place = place;
        failure.backtrace = Some(backtrace);
    }
    failure
}

/// The runner's log is in another process; what the function logs becomes part of its output.
struct StandardError;

impl log::Log for StandardError {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let (level, target) = (record.level(), record.target());
        let _ = writeln!(std::io::stderr(), "{level} {target}: {}", record.args());
    }

    fn flush(&self) {}
}

fn log_to_standard_error() {
    if log::set_logger(&StandardError).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}
