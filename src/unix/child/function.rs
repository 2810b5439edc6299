//! A registered function, or one of a step of a job, in a process of its own.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::environment::{DEADLINE, FENCE, REPORT};
use super::launch_request::{LaunchReply, LaunchStage, StartFailure};
use super::sys;
use crate::core::failure::Outcome;
use crate::core::own_metric::OwnMetric;
use crate::task::context::{self, StopCause};
use crate::task::{self, FunctionNames, TaskFunction, TaskName};
use crate::unix::clock;

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
    log_to_standard_error();
    context::set_fence(number_in(FENCE));
    context::set_deadline(deadline());
    context::set_metric_sink(write_into_the_report);
    if let TaskFunction::WithContext(_) = function.run {
        // A function that cannot ask is ended by the signal, as any program.
        sys::handle_signal(stop_signal, take_note);
    }
    let outcome = task::call(function);
    let _ = io::stdout().flush();
    LaunchReply::Returned(outcome.into())
}

/// Appends a number to the file from which the runner reads what a run reports.
fn write_into_the_report(metric: OwnMetric) {
    let metric = OwnMetric {
        at: Some(clock::wall()),
        ..metric
    };
    let (Some(path), Ok(json)) = (std::env::var_os(REPORT), serde_json::to_string(&metric)) else {
        return;
    };
    let file = File::options().append(true).open(path);
    // A run whose runner could give it no file has a note about that.
    let _ = file.and_then(|mut file| file.write_all(format!("metric={json}\n").as_bytes()));
}

/// Calls a function of a step of a job, with what its process knows.
pub(crate) type StepCaller = fn(&str, StepProcess) -> Outcome;

/// What the process of a step knows of its run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepProcess {
    /// The fence of the job.
    pub(crate) fence: u64,
    /// When the run is ended.
    pub(crate) deadline: Option<SystemTime>,
    /// Returns whether the run was asked to end.
    pub(crate) should_stop: fn() -> bool,
}

/// Calls a function of a step to its end.
pub(super) fn call_step(call: &str, stop_signal: i32, caller: StepCaller) -> LaunchReply {
    log_to_standard_error();
    STOP_SIGNAL.store(stop_signal, Ordering::Relaxed);
    let process = StepProcess {
        fence: number_in(FENCE).unwrap_or_default(),
        deadline: deadline(),
        should_stop,
    };
    let outcome = caller(call, process);
    let _ = io::stdout().flush();
    LaunchReply::Returned(outcome.into())
}

/// The signal that asks the function of a step to end.
static STOP_SIGNAL: AtomicI32 = AtomicI32::new(libc::SIGTERM);

/// A step that has never asked is ended by the signal, as any program: it could not obey.
fn should_stop() -> bool {
    static HANDLED: Once = Once::new();
    HANDLED.call_once(|| sys::handle_signal(STOP_SIGNAL.load(Ordering::Relaxed), take_note));
    context::is_asked_to_stop()
}

fn log_to_standard_error() {
    if log::set_logger(&StandardError).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

fn deadline() -> Option<SystemTime> {
    let since_epoch = number_in(DEADLINE).map(Duration::from_secs)?;
    UNIX_EPOCH.checked_add(since_epoch)
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
