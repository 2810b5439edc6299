//! The end of a runner by a defect of ours: a panic that is no task's.
//!
//! The [hook](crate::task::install_hook) has logged it by then, with its place. Without a word to
//! the admin the silence after it would look like health, so the mail about it is made here; with a
//! panic in that as well, the log must do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::control::{LAST_MAIL, RunnerControl};
use crate::core::event::StopReason;
use crate::task;
use crate::unix::clock;

/// Runs the chain; makes a panic of it an end like others.
pub(crate) fn guard(shared: &RunnerControl, run: impl FnOnce() -> StopReason) -> StopReason {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(reason) => reason,
        Err(payload) => {
            let why = format!("it panicked: {}", task::message_of(payload.as_ref()));
            // Whatever it was in, it is in no run any more.
            shared.end_run();
            tell(shared, &why);
            StopReason::Defect(why)
        }
    }
}

/// Reports that this program ends, though it was not asked to, and lets the mail leave.
pub(crate) fn tell(shared: &RunnerControl, why: &str) {
    let told = catch_unwind(AssertUnwindSafe(|| {
        let mut observers = shared.observers();
        observers.panicked(why, clock::now());
        observers.finish(clock::mono() + LAST_MAIL);
    }));
    if told.is_err() {
        log::error!("nobody was mailed that this runner ends");
    }
}
