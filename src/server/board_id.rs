//! The identity of the board, by which a worker knows answers of its board from those of proxies.

use crate::board::{Board, BoardResult};

/// Returns the identity of a board.
///
/// # Errors
///
/// Those of the board.
pub(crate) fn board_id(board: &dyn Board) -> BoardResult<String> {
    board.identity()
}
