//! What stands for boards in a SQLite file in a program that was built without them.

use std::path::Path;
use std::sync::Arc;

use crate::board::board_error::BoardError;
use crate::board::board_error::place_of;
use crate::board::board_settings::BoardSettings;
use crate::board::board_trait::{Board, BoardResult};

/// Refuses to open a board.
///
/// # Errors
///
/// Always: the program was built without the feature `board-sqlite`.
pub(crate) fn open(path: &Path, _settings: &BoardSettings) -> BoardResult<Arc<dyn Board>> {
    refused(path)
}

fn refused<T>(path: &Path) -> BoardResult<T> {
    Err(BoardError::Refused {
        place: place_of(path),
        why: "this program was built without the feature `board-sqlite`".to_owned(),
        remedy: "build it with `--features board-sqlite`".to_owned(),
    })
}

/// What stands for the maintenance of a board's file.
pub(crate) mod maintenance {
    use std::path::{Path, PathBuf};

    use super::refused;
    use crate::board::board_settings::BoardSettings;
    use crate::board::board_trait::BoardResult;
    use crate::board::maintenance::{CheckReport, CopyReport, QueryAnswer, QueryLimits};
    use crate::board::row_source::{BoardHead, RowSource, TableRows};

    /// Refuses to check a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn check(path: &Path) -> BoardResult<CheckReport> {
        refused(path)
    }

    /// Refuses to migrate a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn migrate(path: &Path, _settings: &BoardSettings) -> BoardResult<(i64, i64)> {
        refused(path)
    }

    /// Refuses to copy a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn backup(path: &Path, _to: &Path) -> BoardResult<CopyReport> {
        refused(path)
    }

    /// Refuses to restore a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn restore(
        path: &Path,
        _from: &Path,
        _settings: &BoardSettings,
    ) -> BoardResult<CopyReport> {
        refused(path)
    }

    /// Refuses to query a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn query(
        path: &Path,
        _sql: &str,
        _limits: &QueryLimits,
    ) -> BoardResult<QueryAnswer> {
        refused(path)
    }

    /// What stands for a board's file that is being moved, which this program cannot read.
    pub(crate) enum MovedFile {}

    impl MovedFile {
        /// Refuses to move a board.
        ///
        /// # Errors
        ///
        /// Always.
        pub(crate) fn begin(path: &Path, _settings: &BoardSettings) -> BoardResult<Self> {
            refused(path)
        }

        /// Leaves nothing.
        ///
        /// # Errors
        ///
        /// None: there is no such file.
        pub(crate) fn leave(self) -> BoardResult<PathBuf> {
            match self {}
        }
    }

    impl RowSource for MovedFile {
        fn head(&self) -> &BoardHead {
            match *self {}
        }

        fn next_rows(&mut self) -> BoardResult<Option<TableRows>> {
            match *self {}
        }
    }
}
