//! What became of a lock, for the work under it.

use super::error::LockError;
use super::holder::LockHolder;
use crate::lease::LeaseDeadlines;

/// What became of a lock.
#[derive(Debug)]
pub(crate) enum LockEvent {
    /// The lock is held from now on.
    Acquired {
        /// A number that grows with each holder.
        fence: u64,
        /// When the work under it must have ended unless a beat is acknowledged.
        deadlines: LeaseDeadlines,
        /// What the last holder left beside the lock.
        note: Option<String>,
    },
    /// A beat was acknowledged.
    Renewed(LeaseDeadlines),
    /// Another process holds the lock, with what it left beside it.
    HeldElsewhere {
        /// The other process, unless it has gone meanwhile.
        holder: Option<LockHolder>,
        /// What stands beside the lock.
        note: Option<String>,
    },
    /// The lock server gave no answer, or refused. Reported at each try that fails.
    Failed(LockError),
    /// The lock is lost, and the work under it must end by these deadlines.
    Lost {
        /// Why.
        why: String,
        /// The latest moments for TERM and KILL.
        deadlines: LeaseDeadlines,
    },
    /// The lock is lost, and the work under it has not ended half-way between TERM and KILL.
    NotLetGo,
    /// The lock was given back.
    Released,
}
