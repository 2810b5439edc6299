//! A bell that wakes a thread which waits for descriptors.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// Wakes a thread that waits for descriptors.
#[derive(Debug)]
pub(crate) struct Wakeup(EventFd);

impl Wakeup {
    /// Creates a bell that is not rung.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Ok(Wakeup(EventFd::from_value_and_flags(0, flags)?))
    }

    /// Rings. It stays rung until it is heard.
    pub(crate) fn ring(&self) {
        // The counter is full only after 2^64 rings that no thread heard, and then it is rung.
        let _ = self.0.write(1);
    }

    /// Takes note of all rings so far.
    pub(crate) fn hear(&self) {
        let _ = self.0.read();
    }

    /// Returns what can be waited for.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
