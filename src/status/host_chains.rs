//! What is known of all chains of a host, for a reader that knows no tasks.

use super::snapshot;
use super::view::StatusSnapshot;
use crate::core::command_error::CommandError;
use crate::core::settings::Settings;

/// Looks at all chains of RUN_ROOT, without the reminders to come.
///
/// # Errors
///
/// When RUN_ROOT cannot be looked at.
pub(crate) fn of_host(settings: &Settings) -> Result<StatusSnapshot, CommandError> {
    snapshot::look(settings, None, &[])
}
