//! The identity of a process on its host, by which another one of the same host may look whether
//! the process is dead.

use std::io;

use serde::{Deserialize, Serialize};

use crate::unix::{boot, process_start};

/// Where a process runs, and which one it is.
///
/// Two processes *share a host* when boot id, user, pid and time namespace are equal: then a pid
/// and its start mean the same to both. All containers of a machine have the same boot id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct HostIdentity {
    /// The name of the host, for people.
    pub(crate) host: String,
    /// The user.
    pub(crate) uid: u32,
    /// The boot of the kernel (`/proc/sys/kernel/random/boot_id`).
    pub(crate) boot_id: String,
    /// The pid namespace (`/proc/self/ns/pid`).
    pub(crate) pid_namespace: String,
    /// The time namespace (`/proc/self/ns/time`).
    pub(crate) time_namespace: String,
    /// The process.
    pub(crate) pid: u32,
    /// When the process began, in ticks since boot (field 22 of `/proc/PID/stat`).
    pub(crate) start_ticks: u64,
}

impl HostIdentity {
    /// Returns the identity of this process.
    ///
    /// # Errors
    ///
    /// When `/proc` cannot be read.
    pub(crate) fn of_this_process() -> io::Result<Self> {
        let host = nix::unistd::gethostname()?;
        let pid = std::process::id();
        Ok(HostIdentity {
            host: host.to_string_lossy().into_owned(),
            uid: nix::unistd::geteuid().as_raw(),
            boot_id: boot::id(),
            pid_namespace: process_start::namespace("pid")?,
            time_namespace: process_start::namespace("time")?,
            pid,
            start_ticks: process_start::start_ticks(pid).ok_or(io::ErrorKind::NotFound)?,
        })
    }

    /// Returns whether a look at `other`'s pid from here means anything.
    pub(crate) fn shares_host_with(&self, other: &HostIdentity) -> bool {
        !self.boot_id.is_empty()
            && self.boot_id == other.boot_id
            && self.uid == other.uid
            && self.pid_namespace == other.pid_namespace
            && self.time_namespace == other.time_namespace
    }

    /// Returns whether the process of this identity is dead, seen from `here`; `None`: it cannot
    /// be seen from there.
    pub(crate) fn is_dead_seen_from(&self, here: &HostIdentity) -> Option<bool> {
        let is_there = || process_start::start_ticks(self.pid) == Some(self.start_ticks);
        self.shares_host_with(here).then(|| !is_there())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_that_it_lives_and_that_its_number_means_another_process() {
        let here = HostIdentity::of_this_process().unwrap();
        assert_eq!(here.is_dead_seen_from(&here), Some(false));
        let former = HostIdentity {
            start_ticks: here.start_ticks - 1,
            ..here.clone()
        };
        assert_eq!(former.is_dead_seen_from(&here), Some(true));
        let contained = HostIdentity {
            pid_namespace: "pid:[1]".to_owned(),
            ..former
        };
        assert_eq!(contained.is_dead_seen_from(&here), None);
    }
}
