//! The processes of this machine, as `/proc` shows them at one moment.
//!
//! `/proc/PID/task/TID/children` would be shorter, but is missing in kernels without
//! CONFIG_PROC_CHILDREN.

use std::fs::{self, File};
use std::io::Read;

/// A process. What is read is past already: only a child of ours that was not reaped, or a pinned
/// process that was looked at again, is surely still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessEntry {
    pub(crate) pid: i32,
    pub(crate) name: String,
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    /// In clock ticks since boot: with the pid, it names a process for ever.
    pub(crate) started: u64,
}

impl ProcessEntry {
    /// Reads one process; `None` when there is none.
    pub(crate) fn read(pid: i32) -> Option<Self> {
        // The longest line has some 350 bytes: 50 numbers, most of them short.
        let mut stat = [0; 1024];
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let read = file.read(&mut stat).ok()?;
        // A name may hold any byte.
        ProcessEntry::parse(pid, &String::from_utf8_lossy(&stat[..read]))
    }

    fn parse(pid: i32, stat: &str) -> Option<Self> {
        // The name may hold spaces and parentheses itself; the last one is its end (proc(5)).
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let mut number = || fields.next()?.parse::<i32>().ok();
        let (parent, group, session) = (number()?, number()?, number()?);
        // The 22nd field, three after the session's sixth being tty, foreground group and flags.
        let started = fields.nth(15)?.parse().ok()?;
        Some(ProcessEntry {
            pid,
            name: name.to_owned(),
            state,
            parent,
            group,
            session,
            started,
        })
    }

    /// Returns its number and when that was given: a process for ever.
    pub(crate) fn key(&self) -> (i32, u64) {
        (self.pid, self.started)
    }

    /// Returns whether it has ended and waits for its parent.
    pub(crate) fn is_zombie(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// The parents of processes. Of all others of the machine, which may be many, no more is kept.
#[derive(Debug)]
pub(crate) struct Table {
    /// Parent and child, sorted.
    links: Vec<(i32, i32)>,
}

impl Table {
    /// Reads all processes that can be seen.
    pub(crate) fn read() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut links: Vec<(i32, i32)> = pids
            .filter_map(|pid| Some((ProcessEntry::read(pid)?.parent, pid)))
            .collect();
        links.sort_unstable();
        Table { links }
    }

    /// Returns the children of a process.
    pub(crate) fn children(&self, pid: i32) -> Vec<ProcessEntry> {
        self.children_of(pid, pid)
    }

    /// Returns these children of `root` with all that descend from them, ancestors first.
    pub(crate) fn trees(&self, root: i32, children: Vec<ProcessEntry>) -> Vec<ProcessEntry> {
        let mut all = children;
        let mut next = 0;
        while next < all.len() {
            let children = self.children_of(all[next].pid, root);
            all.extend(children);
            next += 1;
        }
        all
    }

    /// Reads the children of a process anew: whoever has got the number of one meanwhile has
    /// another parent. Who has lost its parent meanwhile has `root` for it.
    fn children_of(&self, parent: i32, root: i32) -> Vec<ProcessEntry> {
        let first = self.links.partition_point(|link| link.0 < parent);
        let links = self.links[first..].iter();
        let links = links.take_while(|link| link.0 == parent);
        let children = links.filter_map(|(_, pid)| ProcessEntry::read(*pid));
        let is_one = |child: &ProcessEntry| child.parent == parent || child.parent == root;
        children.filter(is_one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_is_read() {
        let stat = "7 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n";
        let process = ProcessEntry::parse(7, stat).unwrap();
        assert_eq!(process.name, "a) b) (c");
        assert_eq!((process.parent, process.group, process.session), (1, 2, 3));
        assert_eq!(process.started, 4711);
    }

    #[test]
    fn this_process_is_a_child_of_its_parent() {
        let own = ProcessEntry::read(nix::unistd::getpid().as_raw()).unwrap();
        assert_eq!(own.parent, nix::unistd::getppid().as_raw());
        assert!(
            Table::read()
                .children(own.parent)
                .iter()
                .any(|p| p.pid == own.pid)
        );
    }
}
