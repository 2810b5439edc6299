//! Ending what a run leaves behind.
//!
//! The runner is a child subreaper (`PR_SET_CHILD_SUBREAPER`), and so is its keeper if it has one:
//! whatever loses its parent below it becomes its child. So of all that a run has left, each is a
//! child of it or descends from one, however often it forked, changed its session, closed its
//! descriptors or changed its environment.
//! What is not the run's: registered children, those of the runner's own session (a function that
//! runs in this process started them, and waits for them; a run has a session of its own and cannot
//! come back), what was there before the run, and, where the runner is the first process of a
//! container, what bears no mark of the run ([`RunMarks`]).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;

use super::super::trusted_paths::Identity;
use super::super::{own_children, procfs};
use super::environment::RUN_ID;
use super::process_table::{ProcessEntry, Table};
use super::run_parent::RunParent;
use super::sys::{self, ChildState, Status};

/// How often what makes more of itself is looked for in one turn.
const MOST_LOOKS: usize = 100;

/// The sessions of those that were there before a run, and live on after it: they were tolerated.
#[derive(Clone, Debug, Default)]
pub(super) struct Tolerated {
    pids: BTreeSet<i32>,
    sessions: BTreeSet<i32>,
}

impl Tolerated {
    /// Looks who is there now; reaps those that have ended since the last run.
    pub(super) fn now(parent: &RunParent) -> Self {
        let mut tolerated = Tolerated::default();
        if parent.has_no_children() {
            return tolerated;
        }
        let orphans = orphans(&Table::read(), &tolerated, parent);
        for orphan in orphans {
            if orphan.is_zombie() {
                let _ = parent.reap(orphan.pid);
            } else {
                tolerated.pids.insert(orphan.pid);
                tolerated.sessions.insert(orphan.session);
            }
        }
        tolerated
    }

    fn includes(&self, process: &ProcessEntry) -> bool {
        self.pids.contains(&process.pid) || self.sessions.contains(&process.session)
    }
}

/// By what the processes of a run are known where strangers lose their parents to us: in a
/// container of which we are the first process, a process that a user starts beside the runner
/// (`docker exec`) becomes a child of ours when its parent ends.
#[derive(Clone, Debug)]
pub(super) struct RunMarks {
    /// The number of its session.
    pub(super) session: i32,
    /// The run, as its environment names it.
    pub(super) run: String,
    /// The name of the cgroup of its own.
    pub(super) cgroup: Option<OsString>,
    /// The in-flight file, which its processes have open.
    pub(super) in_flight: Option<Identity>,
}

impl RunMarks {
    /// Returns whether a child of this parent is of the run. Elsewhere no other process can become
    /// its child.
    fn are_on(&self, child: &ProcessEntry, parent: &RunParent) -> bool {
        parent.pid() != 1
            || child.session == self.session
            || self.is_in_cgroup(child.pid)
            || procfs::has_variable(child.pid, RUN_ID, &self.run)
            || self.holds_in_flight(child.pid)
    }

    fn is_in_cgroup(&self, pid: i32) -> bool {
        self.cgroup.as_ref().is_some_and(|name| {
            let cgroups = procfs::cgroups_of(pid);
            cgroups
                .lines()
                .any(|line| Path::new(line).file_name() == Some(name))
        })
    }

    fn holds_in_flight(&self, pid: i32) -> bool {
        self.in_flight.is_some_and(|file| {
            let open = procfs::descriptors(pid);
            open.iter().any(|open| open.identity() == Some(file))
        })
    }
}

/// Returns the children that are left over from a run.
fn orphans(table: &Table, tolerated: &Tolerated, parent: &RunParent) -> Vec<ProcessEntry> {
    let session = parent.session_of_others();
    let mut left = table.children(parent.pid());
    left.retain(|child| {
        Some(child.session) != session
            && !own_children::is_registered(child.pid)
            && !tolerated.includes(child)
    });
    left
}

/// Takes away the orphans that have ended, whosever they were. What pid 1 is for; here it is ours.
pub(crate) fn reap_orphans() {
    let _ = Tolerated::now(&RunParent::default());
}

/// Returns the first of these that lives below their parent; takes away those that have ended
/// meanwhile. Their numbers may be others' by now, but those do not descend from it.
pub(crate) fn first_alive(pids: &[i32], parent: &RunParent) -> Option<i32> {
    if pids.is_empty() {
        return None;
    }
    let _ = Tolerated::now(parent);
    let table = Table::read();
    let root = parent.pid();
    let all = table.trees(root, table.children(root));
    let lives = |pid: i32| all.iter().any(|p| p.pid == pid && !p.is_zombie());
    pids.iter().copied().find(|pid| lives(*pid))
}

/// What one look has found.
#[derive(Debug, Default)]
pub(super) struct LeftoverLook {
    /// Those that live.
    pub(super) alive: Vec<ProcessEntry>,
    /// Those that have died of SIGKILL since the last look: of ours.
    pub(super) killed: Vec<ProcessEntry>,
    /// Whether nobody is left, for sure. Who has ended may have forked after the processes were
    /// listed: then none is seen alive, and there is one all the same. As only we reap our
    /// children, a look that finds none, not even an ended one, misses nobody.
    pub(super) is_settled: bool,
}

/// Looks at what a run has left: reaps what has ended.
pub(super) fn look(tolerated: &Tolerated, marks: &RunMarks, parent: &RunParent) -> LeftoverLook {
    let table = Table::read();
    let mut orphans = orphans(&table, tolerated, parent);
    orphans.retain(|orphan| marks.are_on(orphan, parent));
    let is_settled = orphans.is_empty();
    let (ended, alive): (Vec<_>, Vec<_>) = orphans.into_iter().partition(ProcessEntry::is_zombie);
    let killed = ended.into_iter().filter(|orphan| {
        let status = parent.reap(orphan.pid);
        matches!(
            status,
            Ok(ChildState::Ended(Status::Signaled {
                number: libc::SIGKILL,
                ..
            }))
        )
    });
    let killed = killed.collect();
    let alive = table.trees(parent.pid(), alive);
    let alive = alive.into_iter().filter(|process| !process.is_zombie());
    LeftoverLook {
        alive: alive.collect(),
        killed,
        is_settled: is_settled || parent.has_no_children(),
    }
}

/// Stops all that a look finds, until a look finds none that was not stopped; returns what the last
/// one has found. For what makes more of itself: whatever leaves room by its death would let
/// another one fork in its place.
pub(crate) fn stop_all(
    mut look: impl FnMut() -> Vec<ProcessEntry>,
    parent: &RunParent,
) -> Vec<ProcessEntry> {
    let mut stopped = BTreeSet::new();
    let mut alive = Vec::new();
    for _ in 0..MOST_LOOKS {
        alive = look();
        let is_new = |process: &&ProcessEntry| !stopped.contains(&process.key());
        let running: Vec<ProcessEntry> = alive.iter().filter(is_new).cloned().collect();
        if running.is_empty() {
            break;
        }
        signal_each(&running, libc::SIGSTOP, parent);
        stopped.extend(running.iter().map(ProcessEntry::key));
    }
    alive
}

/// Sends a signal to each of these, if it is still the same process.
pub(crate) fn signal_each(processes: &[ProcessEntry], signal: i32, parent: &RunParent) {
    for process in processes {
        match sys::pin(process.pid) {
            Ok(pinned) if is_same(process) => {
                let _ = sys::signal_pinned(pinned.as_fd(), signal);
            }
            Ok(_) => {}
            // Out of descriptors: a child keeps its number until its parent reaps it.
            Err(_) if process.parent == parent.pid() => {
                let _ = parent.signal(process.pid, signal);
            }
            Err(_) => {}
        }
    }
}

/// Asked after it was pinned: from then on the number cannot mean another.
fn is_same(process: &ProcessEntry) -> bool {
    ProcessEntry::read(process.pid).is_some_and(|now| now.started == process.started)
}
