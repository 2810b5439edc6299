//! The deadlines of a lease.

use crate::core::time::Mono;

/// The moments at which the work of a holder is ended, unless a renewal is acknowledged before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseDeadlines {
    /// When the work gets TERM.
    pub term_at: Mono,
    /// When the work gets KILL.
    pub kill_at: Mono,
    /// The earliest moment at which another holder is possible.
    pub lost_at: Mono,
}
