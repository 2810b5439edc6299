//! The bell beside a board's file: a byte that is written when a job may have become due.
//!
//! inotify on the write-ahead log would fire before the commit can be seen.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::board::board_trait::BoardBell;
use crate::unix::dir_watch::DirWatch;

/// The file that rings when a writer closes it.
#[derive(Clone, Debug)]
pub(super) struct BellFile(PathBuf);

impl BellFile {
    /// Returns the bell of a board.
    pub(super) fn of(board: &Path) -> Self {
        BellFile(board.with_extension("bell"))
    }

    /// Rings. A ring that is lost costs a second: workers look that often.
    pub(super) fn ring(&self) {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let opened = options.custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC);
        let _ = opened
            .open(&self.0)
            .and_then(|mut file| file.write_all(b"!"));
    }

    /// Returns what becomes readable at each ring.
    ///
    /// # Errors
    ///
    /// When the kernel has no watch left.
    pub(super) fn watch(&self) -> std::io::Result<BellWatch> {
        if !self.0.exists() {
            self.ring();
        }
        let watch = DirWatch::new()?;
        watch.watch_closing(&self.0)?;
        Ok(BellWatch(watch))
    }
}

/// A watch of a bell.
#[derive(Debug)]
pub(super) struct BellWatch(DirWatch);

impl AsFd for BellWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl BoardBell for BellWatch {
    fn clear(&self) {
        self.0.clear();
    }
}
