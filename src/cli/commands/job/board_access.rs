//! How commands reach the board.

use std::sync::Arc;

use crate::board::{Board, BoardError, JobId, MissingBoard};
use crate::config::invocation::Call;
use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::core::settings::Settings;
use crate::status::board_status::BoardStatus;
use crate::worker;
use crate::worker::board_place::BoardPlace;
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
    if BoardPlace::of(settings).is_missing() {
        return Ok(None);
    }
    match worker::board_place::open(settings, MissingBoard::Refuse) {
        Err(BoardError::NoBoard { .. }) => Ok(None),
        board => board.map(Some).map_err(refused),
    }
}

/// Looks at the board of a configuration; `None`: there is none.
pub(crate) fn look(settings: &Settings) -> Option<BoardStatus> {
    let place = BoardPlace::of(settings);
    if place.is_missing() {
        return None;
    }
    let place = place.to_string();
    let opened = worker::board_place::open(settings, MissingBoard::Refuse);
    match opened {
        Ok(board) => Some(BoardStatus::of(&*board, place)),
        Err(BoardError::NoBoard { .. }) => None,
        Err(error) => Some(BoardStatus::hidden(place, error.to_string())),
    }
}

/// Returns the error for the number of a job that does not exist.
pub(crate) fn no_such_job(id: JobId) -> CommandError {
    let list = Call::as_typed().line("jobs");
    CommandError::new(exit::USAGE, format_args!("there is no job {id}"))
        .hint(format_args!("`{list}` lists the jobs"))
}
