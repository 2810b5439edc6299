//! The trees of a keeper, and their end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::child::cgroup;
use super::super::child::leftovers;
use super::super::child::process_table::{ProcessEntry, Table};
use super::super::child::run_parent::RunParent;
use super::super::child::sys::{self, ChildState, Whom};
use super::messages::KeptChild;

/// What descends from the keeper.
///
/// A child that the runner asked for stays a zombie until the runner has seen its end, so that its
/// number is its own until then. Orphans that have ended are taken away by the runner when it
/// looks, and here when all are killed.
#[derive(Debug, Default)]
pub(super) struct Trees {
    awaited: BTreeMap<i32, AwaitedChild>,
    cgroups: Vec<PathBuf>,
    /// Those that were killed since the killing began.
    killed: BTreeSet<(i32, u64)>,
}

#[derive(Debug)]
struct AwaitedChild {
    stop_signal: i32,
    /// The last signal that was sent at the deadline.
    signal: Option<i32>,
}

impl Trees {
    /// Takes note of a child that the runner asked for.
    pub(super) fn add(&mut self, pid: i32, stop_signal: i32, cgroup: Option<PathBuf>) {
        let signal = None;
        self.awaited.insert(
            pid,
            AwaitedChild {
                stop_signal,
                signal,
            },
        );
        self.cgroups.retain(|path| path.exists());
        self.cgroups.extend(cgroup);
    }
}

impl Trees {
    /// Looks how a child has ended.
    pub(super) fn peek(&self, pid: Option<i32>) -> std::io::Result<KeptChild> {
        let state = sys::peek(pid.map_or(Whom::Any, Whom::Pid))?;
        Ok(self.kept(pid, state))
    }

    /// Looks how a child has ended, and takes it away if it has.
    pub(super) fn reap(&mut self, pid: i32) -> std::io::Result<KeptChild> {
        let state = sys::reap(Whom::Pid(pid))?;
        let kept = self.kept(Some(pid), state);
        if state != ChildState::Alive {
            self.awaited.remove(&pid);
        }
        Ok(kept)
    }

    fn kept(&self, pid: Option<i32>, state: ChildState) -> KeptChild {
        let awaited = pid.and_then(|pid| self.awaited.get(&pid));
        let signal = awaited.and_then(|child| child.signal);
        KeptChild { state, signal }
    }

    /// The runner asks for no child any more.
    pub(super) fn forget_all(&mut self) {
        self.awaited.clear();
    }

    /// Asks all to end, each tree by the signal of its run.
    pub(super) fn ask(&mut self) {
        // Before: what ends at once has ended by this signal, and is no failure.
        self.note(&self.alive(), None);
        let table = Table::read();
        let own = own_pid();
        for process in living(&table, own, table.children(own)) {
            let of_run = self.awaited.get(&process.session);
            let signal = of_run.map_or(libc::SIGTERM, |child| child.stop_signal);
            for signal in [signal, libc::SIGCONT] {
                leftovers::signal_each(
                    std::slice::from_ref(&process),
                    signal,
                    &RunParent::default(),
                );
            }
        }
    }

    /// Begins to kill.
    pub(super) fn begin_killing(&mut self) {
        self.killed.clear();
    }

    /// Kills all that is seen. Returns whether none is left, for sure.
    ///
    /// What has made more of itself since the last time is stopped before it is killed: whatever
    /// leaves room by its death would let another one fork in its place.
    pub(super) fn kill(&mut self) -> bool {
        for path in &self.cgroups {
            cgroup::kill_all(path);
        }
        // Looked at before the others are listed: then what these left was there to be listed.
        let alive = self.alive();
        self.note(&alive, Some(libc::SIGKILL));
        let table = Table::read();
        let own = own_pid();
        let children = table.children(own);
        let is_over = |child: &ProcessEntry| {
            self.awaited.contains_key(&child.pid) && !alive.contains(&child.pid)
        };
        let is_settled = children.iter().all(is_over);
        for child in children.iter().filter(|child| child.is_zombie()) {
            if !self.awaited.contains_key(&child.pid) {
                let _ = sys::reap(Whom::Pid(child.pid));
            }
        }
        let mut alive = living(&table, own, children);
        let is_new = |process: &ProcessEntry| !self.killed.contains(&process.key());
        if !self.killed.is_empty() && alive.iter().any(is_new) {
            let look = || {
                let table = Table::read();
                living(&table, own, table.children(own))
            };
            alive = leftovers::stop_all(look, &RunParent::default());
        }
        leftovers::signal_each(&alive, libc::SIGKILL, &RunParent::default());
        self.killed.extend(alive.iter().map(ProcessEntry::key));
        is_settled
    }

    /// Removes the cgroups, which a runner that is gone cannot.
    pub(super) fn remove_cgroups(&self) {
        for path in &self.cgroups {
            let _ = std::fs::remove_dir(path);
        }
    }

    /// Returns the children of runs that have not ended.
    fn alive(&self) -> Vec<i32> {
        let lives = |pid: i32| matches!(sys::peek(Whom::Pid(pid)), Ok(ChildState::Alive));
        let pids = self.awaited.keys().copied();
        pids.filter(|pid| lives(*pid)).collect()
    }

    fn note(&mut self, alive: &[i32], signal: Option<i32>) {
        for pid in alive {
            if let Some(child) = self.awaited.get_mut(pid) {
                child.signal = signal.or(Some(child.stop_signal));
            }
        }
    }
}

/// Kills what descends from the runner, less the keeper: what a function in it has started. Returns
/// whether none was seen.
pub(super) fn kill_children_of_runner(runner: i32) -> bool {
    let table = Table::read();
    let own = own_pid();
    let mut children = table.children(runner);
    children.retain(|child| child.pid != own);
    let left = living(&table, runner, children);
    leftovers::signal_each(&left, libc::SIGKILL, &RunParent::default());
    left.is_empty()
}

fn living(table: &Table, root: i32, children: Vec<ProcessEntry>) -> Vec<ProcessEntry> {
    let mut all = table.trees(root, children);
    all.retain(|process| !process.is_zombie());
    all
}

fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}
