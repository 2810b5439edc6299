//! The end of a runner by a defect of ours: a panic that is no task's.
//!
//! The [hook](crate::task::install_hook) has logged it by then, with its place. Without a word to the admin the silence after it would look like
//! health, so the mail about it is made here; with a panic in that as well, the log must do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::LAST_MAIL;
use super::shared::Shared;
use crate::event::StopReason;
use crate::process::clock;
use crate::task;

/// Runs the chain; makes a panic of it an end like others.
pub(super) fn guard(shared: &Shared, run: impl FnOnce() -> StopReason) -> StopReason {
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

/// Tells everybody that this program ends, though nobody asked for it, and lets the mail leave.
pub(super) fn tell(shared: &Shared, why: &str) {
    let told = catch_unwind(AssertUnwindSafe(|| {
        let mut rim = shared.rim();
        rim.panicked(why, clock::now());
        rim.finish(clock::mono() + LAST_MAIL);
    }));
    if told.is_err() {
        log::error!("nobody was mailed that this runner ends");
    }
}
