//! What `/proc` tells of processes. Where it is not mounted, nothing is known: `None` and empty
//! lists.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::trusted_paths::Identity;

/// No chain of parents is longer in practice; a bound, since a table that changes while it is read
/// could lead in a circle.
const MOST_ANCESTORS: usize = 1_000;

/// Returns whether there is an entry for this process.
pub(crate) fn exists(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Returns whether a process is stopped, by SIGSTOP or a debugger: it does nothing then, whatever
/// is asked of it.
pub(crate) fn is_stopped(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|state| state.starts_with(['T', 't']))
}

/// Returns the parent of a process.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parent_in_stat(&stat)
}

/// Returns whether a signal that was sent to a process is yet to be delivered.
pub(crate) fn is_pending(pid: i32, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    let pending = pending.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    pending.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Returns whether `elder` is among the parents, grandparents … of `pid`.
pub(crate) fn is_ancestor(elder: i32, pid: i32) -> bool {
    std::iter::successors(parent(pid), |&pid| parent(pid))
        .take(MOST_ANCESTORS)
        .any(|pid| pid == elder)
}

/// Returns the processes that hold a lock of whatever kind on this file, as `/proc/locks` has them.
pub(crate) fn lock_holders(file: Identity) -> Vec<i32> {
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    locks
        .lines()
        .filter_map(|line| holder_in_line(line, file))
        .collect()
}

/// Returns the numbers of the processes that can be seen.
pub(crate) fn processes() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Returns whether this process has threads with other names than these, besides its first one.
pub(crate) fn has_threads_besides(names: &[&str]) -> bool {
    let first = std::process::id().to_string();
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return false;
    };
    let mut others = threads
        .flatten()
        .filter(|thread| thread.file_name() != *first);
    others.any(|thread| {
        let name = fs::read_to_string(thread.path().join("comm"));
        name.is_ok_and(|name| !names.contains(&name.trim_end()))
    })
}

/// Returns whether a process was started with this variable.
pub(crate) fn has_variable(pid: i32, name: &str, value: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let wanted = format!("{name}={value}");
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == wanted.as_bytes())
}

/// Returns the cgroups of a process, as the kernel words them; nothing where they cannot be read.
pub(crate) fn cgroups_of(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default()
}

/// A descriptor of some process, seen from outside.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pid: i32,
    number: i32,
    /// What it leads to, as the kernel words it: a path, with ` (deleted)` where the file has no
    /// name left.
    pub(crate) target: PathBuf,
}

impl Descriptor {
    /// Returns which file it is.
    pub(crate) fn identity(&self) -> Option<Identity> {
        let link = format!("/proc/{}/fd/{}", self.pid, self.number);
        let meta = fs::metadata(link).ok()?;
        Some(Identity {
            device: meta.dev(),
            inode: meta.ino(),
        })
    }

    /// Opens what it leads to, to be read.
    pub(crate) fn open(&self) -> std::io::Result<fs::File> {
        fs::File::open(format!("/proc/{}/fd/{}", self.pid, self.number))
    }

    /// Returns whether a flock(2) lock belongs to this descriptor, or to one that shares its open
    /// file description.
    pub(crate) fn has_flock(&self) -> bool {
        let info = format!("/proc/{}/fdinfo/{}", self.pid, self.number);
        let info = fs::read_to_string(info).unwrap_or_default();
        info.lines()
            .any(|line| line.starts_with("lock:") && line.contains("FLOCK"))
    }
}

/// Returns the open descriptors of a process; none where we may not look.
pub(crate) fn descriptors(pid: i32) -> Vec<Descriptor> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            let target = fs::read_link(entry.path()).ok()?;
            Some(Descriptor {
                pid,
                number,
                target,
            })
        })
        .collect()
}

/// The name of a program may hold anything, so that only what follows its last parenthesis can be
/// relied on (proc(5)).
fn parent_in_stat(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// A line reads `1: POSIX ADVISORY WRITE 1234 08:01:5678 0 EOF`; waiting ones have `->` after the
/// number (proc(5)).
fn holder_in_line(line: &str, file: Identity) -> Option<i32> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    if fields.next()? == "->" {
        return None;
    }
    let pid = fields.nth(2)?.parse().ok()?;
    let mut place = fields.next()?.split(':');
    let major = u64::from_str_radix(place.next()?, 16).ok()?;
    let minor = u64::from_str_radix(place.next()?, 16).ok()?;
    let inode: u64 = place.next()?.parse().ok()?;
    let device = nix::sys::stat::makedev(major, minor);
    (pid > 0 && inode == file.inode && device == file.device).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "77 (a) R 1 (b) c) S 42 77 77 0 -1";
        assert_eq!(parent_in_stat(stat), Some(42));
        assert_eq!(parent_in_stat("77 (a"), None);
    }

    #[test]
    fn our_parents_are_our_ancestors_and_we_are_not() {
        let me = std::process::id() as i32;
        let parent = parent(me).unwrap();
        assert!(is_ancestor(parent, me));
        assert!(!is_ancestor(me, me));
    }

    #[test]
    fn a_signal_to_a_process_that_is_stopped_is_pending() {
        use nix::sys::signal::{Signal, kill};
        let mut stopped = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let pid = stopped.id() as i32;
        let send = |signal| kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
        send(Signal::SIGSTOP);
        while !is_stopped(pid) {
            std::thread::yield_now();
        }
        assert!(!is_pending(pid, libc::SIGUSR2));
        send(Signal::SIGUSR2);
        assert!(is_pending(pid, libc::SIGUSR2));
        assert!(!is_pending(pid, libc::SIGTERM));
        send(Signal::SIGKILL);
        stopped.wait().unwrap();
    }

    #[test]
    fn lines_of_locks_name_device_inode_and_holder() {
        let file = Identity {
            device: nix::sys::stat::makedev(0xfd, 1),
            inode: 5678,
        };
        let held = "12: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF";
        assert_eq!(holder_in_line(held, file), Some(1234));
        for other in [
            "12: -> FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF",
            "12: FLOCK  ADVISORY  WRITE 1234 fd:01:5679 0 EOF",
            "12: FLOCK  ADVISORY  WRITE 1234 fd:02:5678 0 EOF",
            "12: FLOCK  ADVISORY  WRITE 0 fd:01:5678 0 EOF",
            "12: FLOCK",
            "",
        ] {
            assert_eq!(holder_in_line(other, file), None, "{other}");
        }
    }
}
