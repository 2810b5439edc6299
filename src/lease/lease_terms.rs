//! The intervals of a lease.

use std::time::Duration;

use super::lease_deadlines::LeaseDeadlines;
use crate::core::time::Mono;

/// The intervals of a lease, all counted from before the last acknowledged request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// The interval between two renewals.
    pub beat: Duration,
    /// When the work of the holder gets TERM.
    pub term_after: Duration,
    /// When the work of the holder gets KILL.
    pub kill_after: Duration,
    /// The earliest moment at which another holder is possible.
    pub lost_after: Duration,
}

impl LeaseTerms {
    /// The terms of a lock that no clock ends: the lock of a file, which the kernel holds.
    pub const ENDLESS: LeaseTerms = LeaseTerms {
        beat: Duration::MAX,
        term_after: Duration::MAX,
        kill_after: Duration::MAX,
        lost_after: Duration::MAX,
    };

    /// Returns the terms of a lease of this length: a beat each quarter, TERM at 60 %, KILL at
    /// 80 %.
    pub fn of_ttl(ttl: Duration) -> Self {
        LeaseTerms {
            beat: ttl / 4,
            term_after: ttl.mul_f64(0.6),
            kill_after: ttl.mul_f64(0.8),
            lost_after: ttl,
        }
    }

    /// Returns the deadlines after a request that was sent at a moment and acknowledged.
    pub fn deadlines(&self, sent: Mono) -> LeaseDeadlines {
        LeaseDeadlines {
            term_at: sent + self.term_after,
            kill_at: sent + self.kill_after,
            lost_at: sent + self.lost_after,
        }
    }

    /// Returns whether no clock ends the lock.
    pub fn is_endless(&self) -> bool {
        self.lost_after == Duration::MAX
    }
}
