//! One instance of a chain across hosts: the lock that a runner holds while its tasks run.
//!
//! A [`Lock`] is held under a **lease**: the holder renews it each quarter of the lease, and work
//! ends before another holder is possible ([`LeaseTerms`]). The **fence** is a number that grows
//! with each holder; a service that refuses a smaller fence than the largest it has seen is safe
//! even from a machine that was frozen.
//!
//! Backends: a file (one host), Consul, PostgreSQL, and those that a program adds.
//! [`MemoryLocks`] is one for tests:
//!
//! ```
//! use run_functions::lock::{Lock, LockAttempt, LockOwner, MemoryLocks};
//!
//! # fn main() -> Result<(), run_functions::lock::LockError> {
//! let locks = MemoryLocks::default();
//! let mut here = locks.open("nightly");
//! let mut there = locks.open("nightly");
//!
//! let attempt = here.acquire(&LockOwner::of_this_process("nightly"))?;
//! assert!(matches!(attempt, LockAttempt::Acquired { fence: 1, .. }));
//! let attempt = there.acquire(&LockOwner::of_this_process("nightly"))?;
//! let LockAttempt::Held(Some(holder)) = attempt else { panic!("the lock is held") };
//! assert_eq!(holder.owner.pid, std::process::id());
//!
//! here.release()?;
//! let attempt = there.acquire(&LockOwner::of_this_process("nightly"))?;
//! assert!(matches!(attempt, LockAttempt::Acquired { fence: 2, .. }));
//! # Ok(())
//! # }
//! ```

mod attempt;
#[cfg(feature = "lock-consul")]
mod consul;
#[cfg(not(feature = "lock-consul"))]
#[path = "consul/left_out.rs"]
mod consul;
mod error;
mod file;
mod holder;
mod interrupt;
mod lock_event;
mod lock_handle;
mod lock_thread;
#[cfg(test)]
mod lock_thread_tests;
mod lock_trait;
mod lock_wishes;
mod memory;
mod none;
mod open;
#[cfg(feature = "lock-postgres")]
mod postgres;
#[cfg(not(feature = "lock-postgres"))]
#[path = "postgres/left_out.rs"]
mod postgres;
mod registered;
#[cfg(feature = "lock-consul")]
mod secret;
mod stored_value;

pub use attempt::{LockAttempt, LockRenewal};
pub use error::{LockError, MOST_BYTES_OF_NOTE};
pub use holder::{LockHolder, LockOwner};
pub(crate) use lock_event::LockEvent;
pub(crate) use lock_handle::{LockHandle, NoteSlot};
pub use lock_trait::{Lock, LockInterrupter, boot_clock};
pub use memory::{MemoryLock, MemoryLocks};
pub use open::open;
pub(crate) use open::{engines, open_value};
pub use registered::{LockBackend, OpenLock};
pub(crate) use stored_value::StoredValue;

pub use crate::core::settings::{LockEngine, LockSettings};
pub use crate::core::time::Mono;
pub use crate::lease::{LeaseDeadlines, LeaseTerms};
