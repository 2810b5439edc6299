//! Where the board is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::board::{BOARD_FILE, Board, BoardResult, BoardSettings, MissingBoard, open_sqlite};
use crate::core::settings::Settings;

/// Opens the board of a configuration.
///
/// # Errors
///
/// When the board cannot be used.
pub(crate) fn open(settings: &Settings, missing: MissingBoard) -> BoardResult<Arc<dyn Board>> {
    let opening = BoardSettings {
        missing,
        ..BoardSettings::default()
    };
    open_sqlite(&path(settings), &opening)
}

/// Returns the file of the board of a configuration.
pub(crate) fn path(settings: &Settings) -> PathBuf {
    settings.state_dir.join(BOARD_FILE)
}
