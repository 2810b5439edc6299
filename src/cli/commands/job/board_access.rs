//! How commands reach the board.

use std::sync::Arc;

use crate::board::{Board, JobId, MissingBoard};
use crate::config::invocation::Call;
use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::core::settings::Settings;
use crate::worker;
pub(crate) use crate::worker::board_place::refused;

/// Opens the board of a configuration; creates one that is missing.
///
/// # Errors
///
/// When the board cannot be used.
pub(crate) fn open(settings: &Settings) -> Result<Arc<dyn Board>, CommandError> {
    worker::board_place::open(settings, MissingBoard::Create).map_err(refused)
}

/// Opens the board of a configuration; `None`: there is none yet.
///
/// # Errors
///
/// When the board cannot be used.
pub(crate) fn open_existing(settings: &Settings) -> Result<Option<Arc<dyn Board>>, CommandError> {
    if !worker::board_place::path(settings).exists() {
        return Ok(None);
    }
    let board = worker::board_place::open(settings, MissingBoard::Refuse);
    board.map(Some).map_err(refused)
}

/// Returns the error for the number of a job that does not exist.
pub(crate) fn no_such_job(id: JobId) -> CommandError {
    let list = Call::as_typed().line("jobs");
    CommandError::new(exit::USAGE, format_args!("there is no job {id}"))
        .hint(format_args!("`{list}` lists the jobs"))
}
