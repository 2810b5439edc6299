//! Delivers the mail queue of this machine.

use run_functions::{TaskError, mail};

/// Delivers every message that was dropped into `STATE_DIR/outbox/queue`.
#[run_functions::task(success_cooldown = "15m", fail_cooldown = "30m")]
pub(crate) fn send_mail() -> Result<(), TaskError> {
    mail::deliver_queue()?;
    Ok(())
}
