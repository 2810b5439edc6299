//! What is wished of a lock's thread.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::unix::wakeup::Wakeup;

/// What a lock is wanted for at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LockWish {
    /// The lock is not wanted: it is free for others.
    #[default]
    Free,
    /// The lock is wanted, and kept.
    Held,
    /// The thread is to end, and to give back what it holds.
    End,
}

/// All that is wished.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) wish: LockWish,
    /// What is to be stored beside the lock, if it has changed.
    pub(super) note: Option<String>,
    /// Whether what is held is to be given back, though it may be wanted again.
    pub(super) give_back: bool,
    /// Whether the thread watches a lock that is held elsewhere: a wait that can be interrupted. To
    /// interrupt an attempt would leave half of it on the server.
    pub(super) is_watching: bool,
    /// Whether a lost lock may be given back: the work under it has ended.
    pub(super) let_go: bool,
}

/// The wishes, and the bell that announces them.
pub(super) struct SharedWishes {
    wishes: Mutex<Wishes>,
    pub(super) bell: Wakeup,
    /// Rings when the thread has ended.
    pub(super) ended: Wakeup,
}

impl SharedWishes {
    /// Creates them: the lock is not wanted.
    pub(super) fn new() -> io::Result<Self> {
        Ok(SharedWishes {
            wishes: Mutex::default(),
            bell: Wakeup::new()?,
            ended: Wakeup::new()?,
        })
    }

    /// Returns the wishes.
    pub(super) fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
