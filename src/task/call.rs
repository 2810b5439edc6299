//! Running a function in this process: a panic becomes a failure with its place and payload.
//!
//! What no process survives ends here too: a second panic while the first one unwinds (in a
//! destructor), a panic in a binary that was built with `panic = "abort"`, a stack overflow.
//! `isolate = true` keeps those in a child process.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;
use std::thread;

use super::backtrace;
use super::context::Context;
use super::registry::{Registration, TaskFunction};
use crate::core::failure::{Failure, FailureClass, Outcome};

const UNKNOWN_PAYLOAD: &str = "a panic with a payload of an unknown type";
/// How many panics of one run are kept; a task can catch any number of its own.
const MOST_PANICS: usize = 8;

/// What the hook saw of a panic.
#[derive(Debug)]
struct Panic {
    message: String,
    place: Option<String>,
    backtrace: Option<String>,
}

thread_local! {
    /// Whether this thread is inside a task.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// The panics of this thread since the task began.
    static SEEN: RefCell<Vec<Panic>> = const { RefCell::new(Vec::new()) };
}

/// Runs a function once, on this thread.
pub(crate) fn call(task: &Registration) -> Outcome {
    static CONTEXT: Context = Context::OF_RUNNER;
    let report = caught(&NameInLog(task), || match task.run {
        TaskFunction::Plain(run) => run(),
        TaskFunction::WithContext(run) => run(&CONTEXT),
    });
    match report {
        Ok(report) => report.into_outcome(),
        Err(failure) => Outcome::Failure(failure),
    }
}

/// The name of a task, composed where it is printed: a run that ends well allocates nothing.
struct NameInLog<'a>(&'a Registration);

impl Display for NameInLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.name().fmt(f)
    }
}

/// Calls what a user has written, on this thread. `label` names it in the log.
///
/// # Errors
///
/// The failure that a panic is.
pub(crate) fn caught<T>(label: &dyn Display, run: impl FnOnce() -> T) -> Result<T, Box<Failure>> {
    install_hook();
    let mut run = Some(run);
    let mut returned = None;
    let before = INSIDE.replace(true);
    // What is half changed by a panic is of the user's alone, and is not used again.
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        task_begins(&mut || returned = run.take().map(|run| run()));
    }));
    INSIDE.set(before);
    match (result, returned) {
        (Ok(()), Some(returned)) => {
            forget_caught_panics(label);
            Ok(returned)
        }
        (Ok(()), None) => unreachable!("the function was called"),
        (Err(payload), _) => Err(Box::new(failure_of(payload))),
    }
}

/// Calls the function. In a backtrace this name shows where the task ends and the runner begins, so
/// that it must not be inlined away.
#[inline(never)]
fn task_begins(run: &mut dyn FnMut()) {
    run();
    // Without anything to be done after the call, it could take the place of this frame.
    black_box(());
}

/// Takes the place of the hook that prints: a panic of a task is a failure that is reported
/// elsewhere, once. A panic of any other thread stays visible, in the log, or as it was before when
/// there is no log.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if INSIDE.try_with(Cell::get).unwrap_or(false) {
                keep(seen(info));
            } else if log::log_enabled!(log::Level::Error) {
                tell(&seen(info));
            } else {
                former(info);
            }
        }));
    });
}

fn seen(info: &PanicHookInfo<'_>) -> Panic {
    // `capture` looks at RUST_BACKTRACE and RUST_LIB_BACKTRACE itself.
    let backtrace = Backtrace::capture();
    Panic {
        message: message_of(info.payload()),
        place: info.location().map(ToString::to_string),
        backtrace: (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string()),
    }
}

fn keep(panic: Panic) {
    // A hook must not panic: it would abort the process.
    let _ = SEEN.try_with(|seen| {
        if let Ok(mut seen) = seen.try_borrow_mut() {
            if seen.len() == MOST_PANICS {
                seen.remove(0);
            }
            seen.push(panic);
        }
    });
}

fn tell(panic: &Panic) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("without a name");
    let place = panic.place.as_deref().unwrap_or("an unknown place");
    log::error!("thread `{name}` panicked at {place}: {}", panic.message);
    if let Some(backtrace) = &panic.backtrace {
        log::error!("backtrace of thread `{name}`:\n{backtrace}");
    }
}

/// Returns the message of a panic.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        UNKNOWN_PAYLOAD.to_owned()
    }
}

/// Panics that the task caught itself are its own business, but they were not printed.
fn forget_caught_panics(label: &dyn Display) {
    SEEN.with_borrow_mut(|seen| {
        for panic in seen.drain(..) {
            let place = panic.place.as_deref().unwrap_or("an unknown place");
            log::warn!(
                "[{label}] caught a panic of its own at {place}: {}",
                panic.message
            );
        }
    });
}

fn failure_of(payload: Box<dyn Any + Send>) -> Failure {
    let message = message_of(payload.as_ref());
    let mut seen = SEEN.take();
    // The last one is not always the one that came out: a destructor may have caught another on the
    // way.
    let at = seen.iter().rposition(|panic| panic.message == message);
    let mut failure = Failure::new(FailureClass::Panic, message);
    if let Some(at) = at {
        let panic = seen.swap_remove(at);
        failure.place = panic.place;
        failure.backtrace = panic.backtrace.as_deref().and_then(backtrace::trimmed);
    }
    if let Some(name) = thread::current().name().filter(|name| *name != "main") {
        failure
            .notes
            .push(format!("the panic was on the thread `{name}`"));
    }
    discard(payload);
    failure
}

/// Drops a payload of the task's own type, whose destructor may panic as well.
fn discard(payload: Box<dyn Any + Send>) {
    let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    if let Err(another) = dropped {
        std::mem::forget(another);
    }
    SEEN.with_borrow_mut(Vec::clear);
}
