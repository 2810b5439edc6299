//! What makes a file that file, and what changes with its content.

use nix::sys::stat::FileStat;

/// What makes a file that file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The device that it is on.
    pub(crate) device: u64,
    /// Its number there.
    pub(crate) inode: u64,
}

/// What changes whenever somebody replaces a file or writes into it: numbers of files alone are
/// used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileVersion {
    pub(super) identity: Identity,
    pub(super) size: i64,
    pub(super) changed: (i64, i64),
}

impl Identity {
    pub(crate) fn of(stat: &FileStat) -> Self {
        Identity {
            device: stat.st_dev,
            inode: stat.st_ino,
        }
    }
}
