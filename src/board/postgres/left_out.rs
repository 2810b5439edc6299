//! What stands for boards in PostgreSQL in a program that was built without them.

use std::sync::Arc;

use super::board_error::BoardError;
use super::board_settings::BoardSettings;
use super::board_trait::{Board, BoardResult};
use super::postgres_settings::PostgresSettings;

/// Refuses to open a board.
///
/// # Errors
///
/// Always: the program was built without the feature `board-postgres`.
pub(crate) fn open(
    _settings: &PostgresSettings,
    _opening: &BoardSettings,
) -> BoardResult<Arc<dyn Board>> {
    refused()
}

fn refused<T>() -> BoardResult<T> {
    Err(BoardError::Refused {
        place: "the board in PostgreSQL".to_owned(),
        why: "this program was built without the feature `board-postgres`".to_owned(),
        remedy: "build it with `--features board-postgres`".to_owned(),
    })
}

/// What stands for the maintenance of a board in PostgreSQL.
pub(crate) mod maintenance {
    use super::refused;
    use crate::board::board_role::BoardRole;
    use crate::board::board_trait::BoardResult;
    use crate::board::maintenance::{CheckReport, QueryAnswer, QueryLimits};
    use crate::board::postgres_settings::PostgresSettings;
    use crate::board::row_source::RowSource;

    /// Refuses to check a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn check(_settings: &PostgresSettings) -> BoardResult<CheckReport> {
        refused()
    }

    /// Refuses to migrate a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn migrate(_settings: &PostgresSettings) -> BoardResult<(i64, i64)> {
        refused()
    }

    /// Refuses to query a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn query(
        _settings: &PostgresSettings,
        _sql: &str,
        _limits: &QueryLimits,
    ) -> BoardResult<QueryAnswer> {
        refused()
    }

    /// Refuses to move a board.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn move_in(
        _settings: &PostgresSettings,
        _source: &mut dyn RowSource,
    ) -> BoardResult<(u64, u64)> {
        refused()
    }

    /// Refuses to grant anything.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn grant(
        _settings: &PostgresSettings,
        _role: &str,
        _kind: BoardRole,
    ) -> BoardResult<()> {
        refused()
    }
}
