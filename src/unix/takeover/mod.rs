//! Takeover: how a newcomer becomes the runner of its chain, whoever was before, so that there is
//! never a second one.
//!
//! The kernel's lock on `NAME.pid` says who the runner is; the lock on `NAME.next` says who is its
//! heir. Only the heir may ask the runner to leave, and holds its own lock from before it asks
//! until the chain is its own. A newer newcomer asks a waiting heir to leave: the latest started
//! wins.
//!
//! ```text
//!  newcomer ──lock .next──► heir ──(TERM, wait, KILL)──► lock .pid ──► runner ──unlock .next
//!                 ▲           │ a newer one asks
//!                 └── evict ──┴──► exits 0
//! ```
//!
//! A newcomer that is killed half-way leaves the chain as it was: the signal of an heir is marked,
//! and a runner that was asked by heirs only looks once more for one before it leaves
//! ([`SuccessorWatch::is_there`]). The same holds for an heir that was evicted by one that is gone.
//!
//! A newcomer that ends when it has the chain and the runner is just leaving for it: if somebody
//! has asked it to stop, it leaves word of that in `NAME.state` while the chain is still its own,
//! and the runner ends with it. Without that word it is dead, and the runner starts again
//! ([`SuccessorWatch::take_over`]).
//!
//! One limit of that: of two SIGTERM that wait to be delivered to one process the system keeps the
//! first. A person's SIGTERM that comes within that moment after an heir's is taken back with it if
//! the heir dies. Who wants a runner to stop asks again until it has.

mod error;
mod hand_over;
mod heir;
mod newcomer;
mod past;
mod policy;
mod progress;
mod succession;
mod unit;

#[cfg(test)]
mod race;
#[cfg(test)]
mod tests;

pub(crate) use error::TakeoverError;
pub(crate) use hand_over::{HandOver, SuccessorWatch};
pub(crate) use newcomer::{AcquiredChain, acquire};
pub(crate) use policy::{IncumbentPolicy, Takeover};
#[cfg(test)]
pub(crate) use policy::{RestartStorm, WaitLimits};
#[cfg(test)]
pub(crate) use progress::Progress;
pub(crate) use unit::is_of_unit;
