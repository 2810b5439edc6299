//! By how much the clock of the server is ahead of the one here: a worker whose clock is wrong by
//! an hour begins what is due, and waits as long before a retry as its definition has it.

use std::sync::atomic::{AtomicI64, Ordering};

/// By how much the clock of the server is ahead of the one here, as the last answer had it.
#[derive(Debug, Default)]
pub(crate) struct ClockOffset(AtomicI64);

impl ClockOffset {
    /// Takes note of the time of the server, in milliseconds since 1970, and of the time here.
    pub(crate) fn seen(&self, there: i64, here: i64) {
        self.0.store(there - here, Ordering::Relaxed);
    }

    /// Returns a time of the server as the clock here has it.
    pub(crate) fn here(&self, there: i64) -> i64 {
        there.saturating_sub(self.0.load(Ordering::Relaxed))
    }

    /// Returns a time of the clock here as the server has it; 0, which is at once, stays.
    pub(crate) fn there(&self, here: i64) -> i64 {
        match here {
            0 => 0,
            here => here.saturating_add(self.0.load(Ordering::Relaxed)),
        }
    }
}
