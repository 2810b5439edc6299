//! The bell of a board behind a server: a thread whose look the server holds.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::held_look::HeldLook;
use crate::board::board_trait::BoardBell;

/// The bell of a board behind a server. It falls silent when dropped; the thread ends with its
/// last request.
pub(super) struct HttpBell(pub(super) Arc<HeldLook>);

impl Drop for HttpBell {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl AsFd for HttpBell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.wakeup.fd()
    }
}

impl BoardBell for HttpBell {
    fn clear(&self) {
        self.0.wakeup.hear();
    }

    fn rings_for_requests(&self) -> bool {
        true
    }
}
