//! One instance of a chain across hosts: the runner under a lock.
//!
//! ```text
//!  main thread            lock's thread                     signal thread
//!  RunnerLock ── want ──► LockHandle ──► LockListener ──►   LockReporter
//!     ▲       release         │             │                 log, mails, `status`
//!     └── LockState ◄─────────┴── keeper ◄──┘
//! ```
//!
//! The lock's thread does nothing that may take long: it moves the keeper's deadline, changes the
//! [`LockState`](lock_state::LockState) and rings. What is written or mailed about the lock is
//! written by the signal thread.

pub(crate) mod lock_listener;
pub(crate) mod lock_reporter;
pub(crate) mod lock_request;
pub(crate) mod lock_state;
pub(crate) mod next_holder;
pub(crate) mod opening;
pub(crate) mod runner_lock;
pub(crate) mod under_lock;
