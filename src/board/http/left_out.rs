//! What stands for boards behind a server in a program that was built without them.

use std::sync::Arc;

use super::board_error::BoardError;
use super::board_settings::BoardSettings;
use super::board_trait::{Board, BoardResult};
use super::http_settings::HttpSettings;

/// Refuses to open a board.
///
/// # Errors
///
/// Always: the program was built without the feature `board-http`.
pub(crate) fn open(
    settings: &HttpSettings,
    _opening: &BoardSettings,
) -> BoardResult<Arc<dyn Board>> {
    refused(settings)
}

/// Refuses to register a worker.
///
/// # Errors
///
/// Always.
pub(crate) fn register(
    settings: &HttpSettings,
    _registration: &str,
    _name: &str,
) -> BoardResult<String> {
    refused(settings)
}

fn refused<T>(settings: &HttpSettings) -> BoardResult<T> {
    Err(BoardError::Refused {
        place: settings.place(),
        why: "this program was built without the feature `board-http`".to_owned(),
        remedy: "build it with `--features board-http`".to_owned(),
    })
}
