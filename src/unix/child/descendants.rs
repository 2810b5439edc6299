//! Ending the processes that a function in this very process has started: it cannot be ended
//! itself, but what it waits for can.

use std::time::Duration;

use super::super::own_children;
use super::leftovers;
use super::process_table::{ProcessEntry, Table};
use super::run_parent::RunParent;
use crate::core::time::Mono;

const MOST_AFTER_KILL: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The ending of all descendants of this process, less the registered children with theirs. In
/// steps, for whoever owns the wait: call [`step`](EndDescendants::step) when
/// [`due`](EndDescendants::due), until it answers.
///
/// None of them is reaped: their parent is told by the system how they ended.
#[derive(Debug)]
pub(crate) struct EndDescendants {
    kill_at: Mono,
    give_up_at: Mono,
    next: Mono,
    pause: Duration,
}

/// Sends `signal` (and CONT) to all descendants; those that are still there after `grace` are
/// killed.
pub(crate) fn end_descendants(signal: i32, grace: Duration, now: Mono) -> EndDescendants {
    let all = living();
    leftovers::signal_each(&all, signal, &RunParent::default());
    leftovers::signal_each(&all, libc::SIGCONT, &RunParent::default());
    EndDescendants {
        kill_at: now + grace,
        give_up_at: now + grace + MOST_AFTER_KILL,
        next: now,
        pause: FIRST_PAUSE,
    }
}

impl EndDescendants {
    /// Returns when the next step is due.
    pub(crate) fn due(&self) -> Mono {
        self.next
    }

    /// Does what is due. Returns those that could not be ended (usually none) when there is nothing
    /// more to be done.
    pub(crate) fn step(&mut self, now: Mono) -> Option<Vec<i32>> {
        if now < self.next {
            return None;
        }
        let left = living();
        if left.is_empty() || now >= self.give_up_at {
            return Some(left.iter().map(|process| process.pid).collect());
        }
        if now >= self.kill_at {
            leftovers::signal_each(&left, libc::SIGKILL, &RunParent::default());
        }
        let until = if now < self.kill_at {
            self.kill_at
        } else {
            self.give_up_at
        };
        self.next = (now + self.pause).min(until);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        None
    }
}

/// Kills all that descends from another process, which is stopped or does not answer: what it would
/// have ended itself.
pub(crate) fn kill_descendants_of(pid: i32) {
    let table = Table::read();
    let all = table.trees(pid, table.children(pid));
    leftovers::signal_each(&all, libc::SIGKILL, &RunParent::default());
}

fn living() -> Vec<ProcessEntry> {
    let table = Table::read();
    let own = nix::unistd::getpid().as_raw();
    let mut others = table.children(own);
    // As the first process of a container we are the parent of strangers; what functions start is
    // in our session.
    let session = nix::unistd::getsid(None).map_or(0, nix::unistd::Pid::as_raw);
    let may_be_strange = |child: &ProcessEntry| own == 1 && child.session != session;
    others.retain(|child| !own_children::is_registered(child.pid) && !may_be_strange(child));
    let all = table.trees(own, others);
    all.into_iter()
        .filter(|process| !process.is_zombie())
        .collect()
}

#[cfg(test)]
mod tests;
