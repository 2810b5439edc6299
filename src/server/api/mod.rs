//! The calls of the board, as JSON over HTTP: `POST /api/v1/CALL`.

mod board_ring;
mod call_api;
mod call_replies;
mod document;
mod held_looks;
#[cfg(test)]
#[cfg(all(feature = "board-http", feature = "board-sqlite"))]
mod tests;

pub(crate) use call_api::Api;
pub(crate) use document::document;
