//! The end of the process under a function that runs in it: one that hangs after it was asked to
//! end, and one that calls `exit()`.
//!
//! What must be kept is written down first: the memory with its mark of an end, and the mails in
//! the outbox.

use std::sync::{Arc, MutexGuard};

use super::super::control::{LAST_MAIL, MainThreadState, RunnerControl};
use super::super::observers::all::Observers;
use crate::core::exit;
use crate::unix::{clock, process_exit};

/// Returns the observers if a function runs at this moment, for whoever is to end the process under
/// it.
///
/// It may end by itself in the meantime: then the main thread does the rest, which it cannot do
/// before it gets them.
pub(crate) fn observers_of_function(shared: &RunnerControl) -> Option<MutexGuard<'_, Observers>> {
    let observers = shared.observers();
    (shared.place() == MainThreadState::InFunction).then_some(observers)
}

/// Ends the process, giving the last mails some time to leave.
pub(crate) fn leave(observers: &Observers, code: u8) -> ! {
    observers.finish(clock::mono() + LAST_MAIL);
    process_exit::now(code)
}

/// Makes a function that calls `exit()` a failure that stops the runner. Silently and with the code
/// of that call, perhaps 0, it would look like health.
pub(crate) fn guard_against_exit(shared: &Arc<RunnerControl>) {
    let shared = Arc::clone(shared);
    process_exit::at_exit(move || {
        if let Some(mut observers) = observers_of_function(&shared) {
            observers.exited(clock::now());
            leave(&observers, exit::FATAL_TASK);
        }
    });
}
