//! The in-flight file as it is seen among the descriptors of another process.

use super::super::trusted_paths::Identity;
use crate::unix::procfs;

/// The identity and the name of an in-flight file.
#[derive(Debug)]
pub(super) struct HeldFile {
    pub(super) identity: Identity,
    pub(super) name: String,
}

impl HeldFile {
    /// Returns whether a process holds the lock. A process that has merely opened the file (a
    /// backup) does not.
    pub(super) fn is_held_by(&self, pid: i32) -> bool {
        procfs::descriptors(pid).iter().any(|open| {
            let target = open.target.to_string_lossy();
            target.contains(&self.name)
                && open.identity() == Some(self.identity)
                && open.has_flock()
        })
    }

    /// Returns the name of the chain.
    pub(super) fn chain(&self) -> &str {
        self.name.strip_suffix(".task").unwrap_or(&self.name)
    }
}
