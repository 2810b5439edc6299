//! Which processes a run has left: only these are ever ended.

use std::fs;

use super::super::child::process_table::ProcessEntry;
use super::super::child::{RUN_ID, find_user};
use super::super::procfs;
use super::held_file::HeldFile;
use super::record::{Numbers, RunRecord};
use crate::unix::child::CHAIN;

/// A run whose runner is gone, on this machine as it is now.
pub(super) struct FormerRun {
    record: RunRecord,
    /// The user as whom it ran; `None`: no such user is known any more.
    uid: Option<u32>,
}

impl FormerRun {
    /// Returns the run, unless its numbers mean nothing here: then nothing of it is left, or
    /// nothing that could be seen.
    pub(super) fn of(record: RunRecord) -> Option<Self> {
        if record.place != *Numbers::here() {
            return None;
        }
        let uid = match &record.user {
            None => Some(record.uid),
            Some(user) => find_user(user).ok().flatten().map(|user| user.uid.as_raw()),
        };
        Some(FormerRun { record, uid })
    }

    /// Returns whether a process belongs to the run: the process is in its session or cgroup, or is
    /// no older, of its user, and holds the lock or has the variables of the run. A child in a
    /// session of its own that has closed all it inherited has these alone.
    pub(super) fn owns(&self, process: &ProcessEntry, lock: &HeldFile) -> bool {
        self.is_in_session(process)
            || self.is_in_cgroup(process.pid)
            || process.started >= self.record.started
                && self
                    .uid
                    .is_some_and(|uid| real_uid(process.pid) == Some(uid))
                && (lock.is_held_by(process.pid) || self.is_marked(process.pid, lock))
    }

    fn is_marked(&self, pid: i32, lock: &HeldFile) -> bool {
        procfs::has_variable(pid, RUN_ID, &self.record.run)
            && procfs::has_variable(pid, CHAIN, lock.chain())
    }

    /// The number of a session is used again only when no process is left in it. So the session is
    /// the run's if its leader is; without a leader, a member that has the variable of the run, or
    /// that is where the run was, is as good as surely of it.
    fn is_in_session(&self, process: &ProcessEntry) -> bool {
        let record = &self.record;
        if process.pid == record.leader {
            return process.started == record.started;
        }
        if process.session != record.leader || process.started < record.started {
            return false;
        }
        match ProcessEntry::read(record.leader) {
            Some(leader) => leader.started == record.started,
            None => {
                procfs::has_variable(process.pid, RUN_ID, &record.run)
                    || procfs::cgroups_of(process.pid) == record.beside
            }
        }
    }

    /// No other run has ever had a cgroup of this name.
    fn is_in_cgroup(&self, pid: i32) -> bool {
        let Some(cgroup) = &self.record.cgroup else {
            return false;
        };
        let members = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
        members.lines().any(|member| member == pid.to_string())
    }
}

/// Returns the user who started a process, whatever it has become since.
pub(super) fn real_uid(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Returns all processes that can be seen and live, less this one and those that it descends from:
/// a leftover that starts a runner is not ended by it.
pub(super) fn others() -> Vec<ProcessEntry> {
    let own = nix::unistd::getpid().as_raw();
    let all = procfs::processes()
        .into_iter()
        .filter_map(ProcessEntry::read);
    all.filter(|process| !process.is_zombie())
        .filter(|process| process.pid != own && !procfs::is_ancestor(process.pid, own))
        .collect()
}
