//! Where the board is.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::board::{
    BOARD_FILE, Board, BoardError, BoardResult, BoardSettings, MissingBoard, open_sqlite,
};
use crate::core::command_error::CommandError;
use crate::core::exit;
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

/// The file of an open board, by which a worker sees that it was removed or replaced.
#[derive(Clone, Debug)]
pub(crate) struct BoardFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl BoardFile {
    /// Remembers the file that is there now.
    pub(crate) fn of(settings: &Settings) -> Self {
        let path = path(settings);
        let identity = identity(&path);
        BoardFile { path, identity }
    }

    /// Returns whether the same file is there still.
    pub(crate) fn is_in_its_place(&self) -> bool {
        self.identity.is_some() && identity(&self.path) == self.identity
    }
}

/// Returns device and inode of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Returns the file of the board of a configuration.
pub(crate) fn path(settings: &Settings) -> PathBuf {
    settings.state_dir.join(BOARD_FILE)
}

/// Returns the error of a command for that of a board.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn refused(error: BoardError) -> CommandError {
    let code = match &error {
        BoardError::KeyTaken { .. } | BoardError::NoWorker(_) => exit::FAILED,
        BoardError::NoSuchJob(_) | BoardError::NoSuchBatch(_) | BoardError::Malformed(_) => {
            exit::USAGE
        }
        _ => exit::UNAVAILABLE,
    };
    let refusal = CommandError::of(code, &error);
    match error.remedy() {
        Some(remedy) => refusal.hint(remedy),
        None => refusal,
    }
}
