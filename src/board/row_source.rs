//! The rows of a board, for another board.

use serde_json::{Map, Value};

use super::board_trait::BoardResult;

/// Rows of one table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableRows {
    /// The table.
    pub(crate) table: &'static str,
    /// The rows, by their columns.
    pub(crate) rows: Vec<Map<String, Value>>,
}

/// What holds for a board as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoardHead {
    /// The epoch.
    pub(crate) epoch: u64,
    /// For how many milliseconds a worker of the board may go on unheard.
    pub(crate) hold: i64,
    /// The last numbers that were given, by table.
    pub(crate) numbers: Vec<(String, i64)>,
}

/// A board whose rows are read for another one. Nothing writes to it meanwhile.
pub(crate) trait RowSource {
    /// Returns what holds for the board as a whole.
    fn head(&self) -> &BoardHead;

    /// Returns the next rows; `None`: there are no more.
    ///
    /// # Errors
    ///
    /// When the board cannot be read.
    fn next_rows(&mut self) -> BoardResult<Option<TableRows>>;
}
