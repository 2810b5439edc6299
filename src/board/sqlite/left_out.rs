//! What stands for boards in a SQLite file in a program that was built without them.

use std::path::Path;
use std::sync::Arc;

use crate::board::{Board, BoardError, BoardResult, BoardSettings, place_of};

/// Refuses to open a board.
///
/// # Errors
///
/// Always: the program was built without the feature `board-sqlite`.
pub(crate) fn open(path: &Path, _settings: &BoardSettings) -> BoardResult<Arc<dyn Board>> {
    Err(BoardError::Refused {
        place: place_of(path),
        why: "this program was built without the feature `board-sqlite`".to_owned(),
        remedy: "build it with `--features board-sqlite`".to_owned(),
    })
}
