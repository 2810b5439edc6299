//! The identity of the board, by which a worker knows answers of its board from those of proxies.

use crate::board::Board;

/// Returns the identity of a board.
pub(crate) fn board_id(board: &dyn Board) -> String {
    board.place()
}
