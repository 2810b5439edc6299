//! What lies between a handler and a reader: counters, a flag and a pipe.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{pipe2, read, write};

use super::kind::{KIND_COUNT, SignalKind};

/// Bounds the work of a handler.
const MOST_READERS: usize = 16;

/// Never freed, as a handler may be in one at any time.
static SLOTS: [Slot; MOST_READERS] = [const { Slot::new() }; MOST_READERS];

/// Where handlers leave what one reader takes.
#[derive(Debug)]
pub(super) struct Slot {
    claimed: AtomicBool,
    listens: AtomicBool,
    pending: AtomicBool,
    counts: [AtomicU32; KIND_COUNT],
    heir: AtomicI32,
    pipe: OnceLock<(OwnedFd, OwnedFd)>,
}

/// Notifies every reader. Called by handlers: atomics and write(2) only (signal-safety(7)).
pub(super) fn tell_all(kind: SignalKind, heir: Option<i32>) {
    SLOTS.iter().for_each(|slot| slot.tell(kind, heir));
}

impl Slot {
    const fn new() -> Self {
        Slot {
            claimed: AtomicBool::new(false),
            listens: AtomicBool::new(false),
            pending: AtomicBool::new(false),
            counts: [const { AtomicU32::new(0) }; KIND_COUNT],
            heir: AtomicI32::new(0),
            pipe: OnceLock::new(),
        }
    }

    /// Returns a slot that no other reader has; it receives everything from now on.
    pub(super) fn claim() -> io::Result<&'static Slot> {
        let free = SLOTS
            .iter()
            .find(|slot| !slot.claimed.swap(true, Ordering::AcqRel));
        let slot = free.ok_or_else(|| io::Error::other("there are too many readers of signals"))?;
        if let Err(error) = slot.open() {
            slot.give_back();
            return Err(error);
        }
        Ok(slot)
    }

    /// Gives the slot back.
    pub(super) fn give_back(&self) {
        self.listens.store(false, Ordering::Release);
        self.claimed.store(false, Ordering::Release);
    }

    /// Forgets what a former reader has left, and listens.
    fn open(&self) -> io::Result<()> {
        if self.pipe.get().is_none() {
            let ends = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
            let _ = self.pipe.set(ends);
        }
        self.clear();
        for count in &self.counts {
            count.store(0, Ordering::Release);
        }
        self.listens.store(true, Ordering::Release);
        Ok(())
    }

    pub(super) fn tell(&self, kind: SignalKind, heir: Option<i32>) {
        if !self.listens.load(Ordering::Acquire) {
            return;
        }
        if let Some(heir) = heir {
            self.heir.store(heir, Ordering::Release);
        }
        self.counts[kind as usize].fetch_add(1, Ordering::AcqRel);
        self.pending.store(true, Ordering::Release);
        if let Some((_, writing)) = self.pipe.get() {
            // A full pipe wakes as well as one byte more would.
            let _ = write(writing, &[0]);
        }
    }

    #[cfg(test)]
    pub(super) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Makes the descriptor unreadable and takes the flag away; to be done before the counters are
    /// taken, so that what comes in between wakes the reader once more, at worst for nothing.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 64];
        while let Some(reading) = self.reading_end() {
            match read(reading, &mut bytes) {
                Ok(count) if count == bytes.len() => {}
                Err(Errno::EINTR) => {}
                _ => break,
            }
        }
        self.pending.store(false, Ordering::Release);
    }

    /// Returns how often this came since it was taken last.
    pub(super) fn take(&self, kind: SignalKind) -> u32 {
        self.counts[kind as usize].swap(0, Ordering::AcqRel)
    }

    /// Returns the latest heir.
    pub(super) fn heir(&self) -> i32 {
        self.heir.load(Ordering::Acquire)
    }

    pub(super) fn reading_end(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.get().map(|(reading, _)| reading.as_fd())
    }
}
