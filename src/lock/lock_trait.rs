//! The trait that each backend implements.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{LockAttempt, LockRenewal};
use super::error::LockError;
use super::holder::{LockHolder, LockOwner};
use crate::core::time::Mono;
use crate::lease::LeaseTerms;
use crate::unix::clock;

/// Ends a call of a [`Lock`] that is in progress in another thread.
pub type LockInterrupter = Arc<dyn Fn() + Send + Sync>;

/// A contender for a lock.
///
/// Each call has a deadline of its own and returns. What ran under the lock must have ended before
/// [`release`](Lock::release) and before the next [`acquire`](Lock::acquire).
///
/// The promise that all else rests on: from the moment `sent` of the last acknowledged request,
/// no other contender acquires the lock before [`LeaseTerms::lost_after`] has passed, whatever
/// servers, networks and wall clocks do. Where a write had no answer, its outcome is looked up
/// before the call returns, or is harmless: a request that arrives late changes nothing.
pub trait Lock: Send {
    /// Tries once to acquire the lock.
    ///
    /// # Errors
    ///
    /// When no server answers in time, or the server refuses.
    fn acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError>;

    /// Renews the lease. Only what a server has acknowledged counts, no local agent.
    ///
    /// # Errors
    ///
    /// When no server answers in time, or the server refuses: the lock is held still, up to the
    /// deadlines of the last acknowledged renewal.
    fn renew(&mut self) -> Result<LockRenewal, LockError>;

    /// Releases the lock and what belongs to it on the server. Without a lock it does nothing.
    ///
    /// # Errors
    ///
    /// When no server answers in time: then the lease ends the lock.
    fn release(&mut self) -> Result<(), LockError>;

    /// Returns the holder of the lock; `None`: the lock is free, or its holder is unknown.
    ///
    /// # Errors
    ///
    /// When no server answers in time, or the server refuses.
    fn holder(&mut self) -> Result<Option<LockHolder>, LockError>;

    /// Waits until the lock may be free, for `at_most` this long. Returns as well when the call is
    /// interrupted; an interrupt since the last wait ends the next one at once.
    ///
    /// # Errors
    ///
    /// When no server answers, or the server refuses; not before a second (or `at_most`) has
    /// passed, so that a caller that tries again keeps no processor busy.
    fn wait(&mut self, at_most: Duration) -> Result<(), LockError>;

    /// Returns what ends a call in progress soon, except a release: a wait returns, another call
    /// ends with [`LockError::Interrupted`].
    fn interrupter(&self) -> LockInterrupter;

    /// Returns the note beside the lock, which the holders hand on to each other.
    ///
    /// # Errors
    ///
    /// When no server answers in time, or the server refuses.
    fn load_note(&mut self) -> Result<Option<String>, LockError>;

    /// Replaces the note beside the lock.
    ///
    /// # Errors
    ///
    /// When this instance does not hold the lock (the server compares the fence), the note is
    /// longer than [`MOST_BYTES_OF_NOTE`](super::MOST_BYTES_OF_NOTE), no server answers in time, or
    /// the server refuses.
    fn store_note(&mut self, note: &str) -> Result<(), LockError>;

    /// Returns the intervals of the lease.
    fn terms(&self) -> LeaseTerms;

    /// Returns where the lock is, for messages: `Consul at 10.0.0.1:8500, key
    /// run_functions/nightly`. No secrets.
    fn place(&self) -> String;
}

/// Reads the clock that leases are counted on (`CLOCK_BOOTTIME`): what a backend notes before it
/// sends a request.
pub fn boot_clock() -> Mono {
    clock::mono()
}
