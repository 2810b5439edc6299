//! The page: what is wrong, why, and what to do.
//!
//! Pages are composed from what the board answers, without a network: the server calls
//! [`show`] for a GET and [`act`] for a POST, on a thread that may block.

mod page_request;

pub(crate) use page_request::{PageAnswer, PageRequest};

use crate::board::BoardResult;

/// Returns the page of a path.
///
/// # Errors
///
/// Those of the board.
pub(crate) fn show(_request: &PageRequest<'_>) -> BoardResult<PageAnswer> {
    Ok(PageAnswer::missing())
}

/// Does what a form asks for, and returns where the browser goes on.
///
/// # Errors
///
/// Those of the board.
pub(crate) fn act(_request: &PageRequest<'_>) -> BoardResult<PageAnswer> {
    Ok(PageAnswer::missing())
}
