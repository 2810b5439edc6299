//! Ending what a run leaves behind.
//!
//! The runner is a child subreaper (`PR_SET_CHILD_SUBREAPER`): whatever loses its parent below it becomes its child. So of all that a run
//! has left, each is a child of ours or descends from one, however often it forked, changed its session, closed its descriptors or changed
//! its environment. What is not the run's: registered children, those of the runner's own session (a function that runs in this process
//! started them, and waits for them; a run has a session of its own and cannot come back), and what was there before the run.

use std::collections::BTreeSet;
use std::os::fd::AsFd;

use super::sys::{self, Found, Status, Whom};
use super::table::{Process, Table};
use crate::process::own_children;

/// The sessions of those that were there before a run, and live on after it: they were tolerated.
#[derive(Clone, Debug, Default)]
pub(super) struct Tolerated {
    pids: BTreeSet<i32>,
    sessions: BTreeSet<i32>,
}

impl Tolerated {
    /// Looks who is there now; reaps those that have ended since the last run.
    pub(super) fn now() -> Self {
        let mut tolerated = Tolerated::default();
        if has_no_children() {
            return tolerated;
        }
        let orphans = orphans(&Table::read(), &tolerated);
        for orphan in orphans {
            if orphan.is_zombie() {
                let _ = sys::reap(Whom::Pid(orphan.pid));
            } else {
                tolerated.pids.insert(orphan.pid);
                tolerated.sessions.insert(orphan.session);
            }
        }
        tolerated
    }

    fn includes(&self, process: &Process) -> bool {
        self.pids.contains(&process.pid) || self.sessions.contains(&process.session)
    }
}

/// Tells whether there is no child at all, at the price of one call.
pub(super) fn has_no_children() -> bool {
    sys::peek(Whom::Any).is_ok_and(|found| found == Found::NoChild)
}

fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

fn own_session() -> i32 {
    nix::unistd::getsid(None).map_or(0, nix::unistd::Pid::as_raw)
}

/// Returns the children of ours that a run has left.
fn orphans(table: &Table, tolerated: &Tolerated) -> Vec<Process> {
    let session = own_session();
    let mut left = table.children(own_pid());
    left.retain(|child| {
        child.session != session
            && !own_children::is_registered(child.pid)
            && !tolerated.includes(child)
    });
    left
}

/// Takes away the orphans that have ended, whosever they were. What pid 1 is for; here it is ours.
pub(crate) fn reap_orphans() {
    let _ = Tolerated::now();
}

/// Returns the first of these that lives below us; takes away those that have ended meanwhile. Their numbers may be others' by now, but those
/// do not descend from us.
pub(crate) fn first_alive(pids: &[i32]) -> Option<i32> {
    if pids.is_empty() {
        return None;
    }
    reap_orphans();
    let table = Table::read();
    let all = table.trees(own_pid(), table.children(own_pid()));
    let lives = |pid: i32| all.iter().any(|p| p.pid == pid && !p.is_zombie());
    pids.iter().copied().find(|pid| lives(*pid))
}

/// What one look has found.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Those that live.
    pub(super) alive: Vec<Process>,
    /// Those that have died of SIGKILL since the last look: of ours.
    pub(super) killed: Vec<Process>,
    /// Whether nobody is left, for sure. Who has ended may have forked after the processes were listed: then none is seen alive, and there
    /// is one all the same. As only we reap our children, a look that finds none, not even an ended one, misses nobody.
    pub(super) is_settled: bool,
}

/// Looks at what a run has left: reaps what has ended.
pub(super) fn look(tolerated: &Tolerated) -> Look {
    let table = Table::read();
    let orphans = orphans(&table, tolerated);
    let is_settled = orphans.is_empty();
    let (ended, alive): (Vec<_>, Vec<_>) = orphans.into_iter().partition(Process::is_zombie);
    let killed = ended.into_iter().filter(|orphan| {
        let status = sys::reap(Whom::Pid(orphan.pid));
        matches!(
            status,
            Ok(Found::Ended(Status::Signaled {
                number: libc::SIGKILL,
                ..
            }))
        )
    });
    let killed = killed.collect();
    let alive = table.trees(own_pid(), alive);
    let alive = alive.into_iter().filter(|process| !process.is_zombie());
    Look {
        alive: alive.collect(),
        killed,
        is_settled: is_settled || has_no_children(),
    }
}

/// Sends a signal to each of these, if it is still the same process.
pub(super) fn signal_each(processes: &[Process], signal: i32) {
    for process in processes {
        match sys::pin(process.pid) {
            Ok(pinned) if is_same(process) => {
                let _ = sys::signal_pinned(pinned.as_fd(), signal);
            }
            Ok(_) => {}
            // Out of descriptors: a child of ours keeps its number until we reap it.
            Err(_) if process.parent == own_pid() => {
                let _ = sys::signal_child(process.pid, signal);
            }
            Err(_) => {}
        }
    }
}

/// Asked after it was pinned: from then on the number cannot mean another.
fn is_same(process: &Process) -> bool {
    Process::read(process.pid).is_some_and(|now| now.started == process.started)
}
