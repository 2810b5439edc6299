//! A registered function in a process of its own.

use std::io::{self, Write};

use super::orders::{Answer, Refusal, Stage};
use crate::task;

/// Calls a registered function to its end.
pub(super) fn call(name: &str) -> Answer {
    let all = task::registered();
    let Some(function) = all.iter().find(|function| function.name().as_str() == name) else {
        return Answer::NotStarted(Refusal {
            stage: Stage::Function,
            subject: name.to_owned(),
            errno: None,
            reason: Some("no function of this name is registered in this binary".to_owned()),
        });
    };
    if log::set_logger(&StandardError).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
    let outcome = task::call(function);
    let _ = io::stdout().flush();
    Answer::Returned(outcome.into())
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
