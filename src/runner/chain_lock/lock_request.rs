//! A wish for a lock that is answered at once, and the errors of locks as those of commands.

use super::lock_state::{LockAnswer, LockState};
use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::lock::{LockError, LockHandle};

/// Asks for a lock, and waits for the answer.
///
/// # Errors
///
/// When another process holds the lock, with its name; when the server gives no answer.
pub(crate) fn take_now(handle: &LockHandle, state: &LockState) -> Result<(), CommandError> {
    handle.want();
    let answer = state.wait_for_answer();
    if answer.is_err() {
        handle.release();
    }
    match answer {
        Ok(()) => Ok(()),
        Err(LockAnswer::Failed(error)) => Err(refused(error)),
        Err(LockAnswer::Elsewhere(holder)) => {
            let who = holder.map_or_else(
                || "another process".to_owned(),
                |holder| holder.owner.to_string(),
            );
            let message = format!("{who} holds the lock, and nothing was run");
            let refusal = CommandError::new(exit::HELD, message);
            Err(refusal.hint("try again later, or stop that one"))
        }
    }
}

/// Returns the error of a lock as that of a command.
pub(crate) fn refused(error: LockError) -> CommandError {
    let code = match &error {
        LockError::Unreachable { .. } | LockError::Interrupted => exit::UNAVAILABLE,
        _ => exit::CONFIG,
    };
    let refusal = CommandError::of(code, &error);
    match error.remedy() {
        Some(remedy) => refusal.hint(remedy),
        None => refusal,
    }
}
