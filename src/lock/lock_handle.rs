//! The wishes of the work under a lock, and the thread that fulfils them.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::holder::LockOwner;
use super::lock_event::LockEvent;
use super::lock_thread::LockThread;
use super::lock_trait::{Lock, LockInterrupter};
use super::lock_wishes::{LockWish, SharedWishes};
use crate::core::time::Mono;
use crate::unix::waiter::Waiter;

/// The other end of a [`LockThread`].
pub(crate) struct LockHandle {
    shared: Arc<SharedWishes>,
    interrupt: LockInterrupter,
    thread: JoinHandle<()>,
}

/// Where a text is put that is to be stored beside the lock.
#[derive(Clone)]
pub(crate) struct NoteSlot(Arc<SharedWishes>);

impl NoteSlot {
    /// Stores a text while the lock is held, at the latest when it is given back.
    pub(crate) fn store(&self, note: String) {
        self.0.wishes().note = Some(note);
        self.0.bell.ring();
    }
}

impl LockHandle {
    /// Starts the thread of a lock. Each event is reported to `hear`, in that thread.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor or thread left.
    pub(crate) fn start(
        lock: Box<dyn Lock>,
        owner: LockOwner,
        hear: impl FnMut(LockEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(SharedWishes::new()?);
        let interrupt = lock.interrupter();
        let thread = LockThread::new(lock, owner, Arc::clone(&shared), hear)?;
        let builder = std::thread::Builder::new().name("lock".to_owned());
        let thread = builder.spawn(move || thread.run())?;
        Ok(LockHandle {
            shared,
            interrupt,
            thread,
        })
    }

    /// Asks for the lock, and keeps it once it is there.
    pub(crate) fn want(&self) {
        self.wish(LockWish::Held);
    }

    /// Gives the lock back, or stops asking for it. The work under it has ended.
    pub(crate) fn release(&self) {
        self.wish(LockWish::Free);
    }

    /// Allows a lost lock to be given back: the work under it has ended.
    pub(crate) fn let_go(&self) {
        self.shared.wishes().let_go = true;
        self.shared.bell.ring();
    }

    /// Returns what stores a text beside the lock.
    pub(crate) fn note_slot(&self) -> NoteSlot {
        NoteSlot(Arc::clone(&self.shared))
    }

    fn wish(&self, wish: LockWish) {
        let mut wishes = self.shared.wishes();
        let gives_up = wish != LockWish::Held;
        if !gives_up && wishes.wish == wish {
            // The thread knows, and may be pausing after a server that gave no answer.
            return;
        }
        let watches = wishes.is_watching && gives_up;
        wishes.wish = wish;
        wishes.let_go |= gives_up;
        wishes.give_back |= gives_up;
        drop(wishes);
        self.shared.bell.ring();
        if watches {
            (self.interrupt)();
        }
    }

    /// Ends the thread, which gives back what it holds; waits for that until `until`.
    pub(crate) fn end(self, until: Mono) {
        self.wish(LockWish::End);
        let ended = Waiter::new().and_then(|mut waiter| {
            let sources = [Some(self.shared.ended.fd())];
            waiter.wait(sources, until)
        });
        // A thread that still waits for an answer ends with the process.
        if ended.is_ok_and(|ended| ended == [true]) {
            let _ = self.thread.join();
        }
    }
}
