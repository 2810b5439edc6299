//! The end of the process under a function that runs in it: one that hangs after it was asked to end, and one that calls `exit()`.
//!
//! What must be kept is written down first: the memory with its mark of an end, and the mails in the outbox.

use std::sync::{Arc, MutexGuard};

use super::LAST_MAIL;
use super::rim::Rim;
use super::shared::{Place, Shared};
use crate::exit;
use crate::process::{clock, leave};

/// Returns the observers if a function runs at this moment, for whoever is to end the process under it.
///
/// It may end by itself in the meantime: then the main thread does the rest, which it cannot do before it gets them.
pub(super) fn rim_of_function(shared: &Shared) -> Option<MutexGuard<'_, Rim>> {
    let rim = shared.rim();
    (shared.place() == Place::InFunction).then_some(rim)
}

/// Ends the process, giving the last mails some time to leave.
pub(super) fn leave(rim: &Rim, code: u8) -> ! {
    rim.finish(clock::mono() + LAST_MAIL);
    leave::now(code)
}

/// Makes a function that calls `exit()` a failure that stops the runner. Silently and with the code of that call, perhaps 0, it would
/// look like health.
pub(super) fn guard_against_exit(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    leave::at_exit(move || {
        if let Some(mut rim) = rim_of_function(&shared) {
            rim.exited(clock::now());
            leave(&rim, exit::FATAL_TASK);
        }
    });
}
