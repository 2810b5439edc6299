//! Waiting until something changes in directories, without looking again and again.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// Watches directories (inotify(7)).
#[derive(Debug)]
pub(crate) struct DirWatch(Inotify);

impl DirWatch {
    /// Creates a watch of nothing yet.
    ///
    /// # Errors
    ///
    /// When the user has no instance left.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        Ok(DirWatch(Inotify::init(flags)?))
    }

    /// Watches a directory and what is written in it. One that is watched already stays so.
    ///
    /// # Errors
    ///
    /// When it is not there, or the user has no watch left.
    pub(crate) fn watch(&self, directory: &Path) -> io::Result<()> {
        let what = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
        self.0
            .add_watch(directory, what | AddWatchFlags::IN_ONLYDIR)?;
        Ok(())
    }

    /// Watches a file for a writer that closes it, or ends.
    ///
    /// # Errors
    ///
    /// When it is not there, or the user has no watch left.
    pub(crate) fn watch_closing(&self, file: &Path) -> io::Result<()> {
        self.0.add_watch(file, AddWatchFlags::IN_CLOSE_WRITE)?;
        Ok(())
    }

    /// Takes note of all changes so far.
    pub(crate) fn clear(&self) {
        while let Ok(events) = self.0.read_events() {
            if events.is_empty() {
                return;
            }
        }
    }
}

impl AsFd for DirWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::super::waiter::Waiter;
    use super::*;
    use crate::core::time::Mono;

    #[test]
    fn a_line_that_is_appended_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let changes = DirWatch::new().unwrap();
        changes.watch(dir.path()).unwrap();
        let mut alarm = Waiter::new().unwrap();
        let mut changed = |until| alarm.wait([Some(changes.as_fd())], until).unwrap() == [true];
        assert!(!changed(Mono::BOOT));
        std::fs::write(dir.path().join("a"), "line").unwrap();
        assert!(changed(Mono::NEVER));
        changes.clear();
        assert!(!changed(Mono::BOOT));
    }
}
