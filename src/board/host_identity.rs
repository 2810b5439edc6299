//! The identity of a process on its host, by which another one of the same host may look whether
//! the process is dead.

use serde::{Deserialize, Serialize};

/// Where a process runs, and which one it is.
///
/// Two processes *share a host* when boot id, user, pid and time namespace are equal: then a pid
/// and its start mean the same to both. All containers of a machine have the same boot id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Returns whether a look at `other`'s pid from here means anything.
    pub(crate) fn shares_host_with(&self, other: &HostIdentity) -> bool {
        self.boot_id == other.boot_id
            && self.uid == other.uid
            && self.pid_namespace == other.pid_namespace
            && self.time_namespace == other.time_namespace
    }
}
