//! What comes of an attempt to acquire a lock, and of a renewal.

use super::holder::LockHolder;
use crate::core::time::Mono;

/// The result of an attempt to acquire a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockAttempt {
    /// The lock is held by this instance now.
    Acquired {
        /// The number of this holder, larger than that of each holder before.
        fence: u64,
        /// The boot clock before the request was sent: the lease counts from here.
        sent: Mono,
    },
    /// Another instance holds the lock, or did a moment ago; which one, if that is known.
    Held(Option<LockHolder>),
}

/// The result of a renewal that a server has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockRenewal {
    /// The lock is held still.
    Renewed {
        /// The boot clock before the request was sent: the lease counts from here.
        sent: Mono,
    },
    /// The lock is held no more.
    Lost {
        /// The reason, as a fragment for messages.
        why: String,
    },
}
