//! Gives messages that were put off another chance.

use run_functions::{TaskError, mail};

/// Brings messages of `STATE_DIR/outbox/deferred` that are due back into the queue.
#[run_functions::task(success_cooldown = "1m", fail_cooldown = "5m")]
pub(crate) fn retry_deferred() -> Result<(), TaskError> {
    mail::retry_deferred()?;
    Ok(())
}
