//! Why a statement or a call in the writer failed.

use rusqlite::ErrorCode;

use crate::board::board_error::BoardError;

/// Why a call within a transaction failed: the database, or a rule of the board.
#[derive(Debug)]
pub(super) enum SqliteFailure {
    /// The database.
    Database(rusqlite::Error),
    /// A rule of the board; nothing of the call is kept.
    Board(BoardError),
}

impl From<rusqlite::Error> for SqliteFailure {
    fn from(error: rusqlite::Error) -> Self {
        SqliteFailure::Database(error)
    }
}

impl From<BoardError> for SqliteFailure {
    fn from(error: BoardError) -> Self {
        SqliteFailure::Board(error)
    }
}

impl SqliteFailure {
    /// Returns the error for the caller.
    pub(super) fn at(self, place: &str) -> BoardError {
        match self {
            SqliteFailure::Board(error) => error,
            SqliteFailure::Database(error) => board_error(&error, place),
        }
    }
}

/// Returns the error of a board for one of the database.
pub(super) fn board_error(error: &rusqlite::Error, place: &str) -> BoardError {
    let place = place.to_owned();
    let why = error.to_string();
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "name another file, or move this one away",
        Some(ErrorCode::DatabaseCorrupt) => "stop the workers and run `board restore`",
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::SchemaChanged
            | ErrorCode::SystemIoFailure,
        ) => return BoardError::Unavailable { place, why },
        _ => "run `board check`",
    };
    BoardError::Refused {
        place,
        why,
        remedy: remedy.to_owned(),
    }
}
