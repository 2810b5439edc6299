//! The bell of the board, heard by all held looks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::board::{Board, BoardBell};
use crate::unix::clock;
use crate::unix::waiter::Waiter;
use crate::unix::wakeup::Wakeup;

/// How long the thread sleeps at most: nothing depends on it.
const LONGEST: Duration = Duration::from_secs(3600);

/// The bell of the board, heard by all held looks.
pub(super) struct BoardRing {
    rung: Arc<Notify>,
    stop: Arc<(Wakeup, AtomicBool)>,
}

impl BoardRing {
    /// Starts the thread that listens to the bell.
    ///
    /// # Errors
    ///
    /// When the kernel has no watch, no descriptor or no thread left.
    pub(super) fn start(board: &dyn Board) -> io::Result<Self> {
        let bell = board.bell().map_err(io::Error::other)?;
        let ring = BoardRing {
            rung: Arc::default(),
            stop: Arc::new((Wakeup::new()?, AtomicBool::new(false))),
        };
        let waiter = Waiter::new()?;
        let (rung, stop) = (Arc::clone(&ring.rung), Arc::clone(&ring.stop));
        let builder = std::thread::Builder::new().name("bell".to_owned());
        builder.spawn(move || listen(&*bell, waiter, &rung, &stop))?;
        Ok(ring)
    }

    /// Returns what is notified at each ring.
    pub(super) fn rung(&self) -> &Notify {
        &self.rung
    }
}

impl Drop for BoardRing {
    fn drop(&mut self) {
        self.stop.1.store(true, Ordering::Relaxed);
        self.stop.0.ring();
    }
}

fn listen(bell: &dyn BoardBell, mut waiter: Waiter, rung: &Notify, stop: &(Wakeup, AtomicBool)) {
    while !stop.1.load(Ordering::Relaxed) {
        let sources = [Some(bell.as_fd()), Some(stop.0.fd())];
        if waiter.wait(sources, clock::mono() + LONGEST).is_err() {
            return;
        }
        bell.clear();
        rung.notify_waiters();
    }
}
