//! A cgroup (v2) of its own for each run, where that is ours to make. It makes the end of a tree
//! certain: nothing can leave it.
//!
//! Never required. Used only below a cgroup that was delegated to the runner: systemd marks those
//! (`Delegate=yes`) with an extended attribute; a runner that is not root may use what its own user
//! owns.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use once_cell::sync::OnceCell;

use super::super::clock;
use super::super::pidfd::Pidfd;
use super::super::waiter::Waiter;

/// The runner's own cgroup, if runs may have theirs below it.
static DELEGATED: OnceCell<Option<PathBuf>> = OnceCell::new();

/// Those of former runs of this runner that could not be removed: somebody hangs in them.
static LEFT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The cgroup of one run; removed when dropped, or as soon afterwards as it is empty.
#[derive(Debug)]
pub(super) struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Creates a cgroup; `None` where none can be made.
    pub(super) fn create(run: &str) -> Option<Self> {
        let parent = DELEGATED.get_or_init(delegated);
        remove_left();
        let name = format!("{PREFIX}{}-{run}", nix::unistd::getpid());
        let path = parent.as_ref()?.join(name);
        fs::create_dir(&path).ok()?;
        Some(Cgroup { path })
    }

    /// Returns the file through which a process joins.
    pub(super) fn procs(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }

    /// Returns its directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Kills all that is in it (Linux 5.14).
    pub(super) fn kill(&self) {
        kill_all(&self.path);
    }

    /// Removes it; returns whether it is gone. Refused while a process is in it, and for a moment
    /// longer: the kernel takes a process out of its cgroup when that has left the processor for
    /// the last time, which can be after its parent has reaped it.
    pub(super) fn remove(&self) -> bool {
        is_gone(&self.path)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if !self.remove() {
            left().push(std::mem::take(&mut self.path));
        }
    }
}

/// How long what a former runner left may take to end.
const LONGEST_ENDING: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// What the name of a run's cgroup begins with; the number of its runner follows.
const PREFIX: &str = "run-";

fn left() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove_left() {
    left().retain(|path| !is_gone(path));
}

pub(crate) fn kill_all(path: &Path) {
    let _ = fs::write(path.join("cgroup.kill"), "1");
}

/// Removes an empty cgroup; returns whether there is nothing more to be done for it.
fn is_gone(path: &Path) -> bool {
    let refused = fs::remove_dir(path).err();
    refused.is_none_or(|error| error.kind() != io::ErrorKind::ResourceBusy)
}

/// Ends what runners that are no more left in the cgroups of their runs, and removes these: killed
/// with -9, they could not. That finds also who has closed all descriptors and left its group. (A
/// run whose processes may outlive it has no cgroup.) Returns whom it ended.
pub(crate) fn end_leftovers() -> Vec<i32> {
    let parent = DELEGATED.get_or_init(delegated).as_ref();
    parent.map_or_else(Vec::new, |parent| end_leftovers_in(parent))
}

fn end_leftovers_in(parent: &Path) -> Vec<i32> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut left: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    left.retain(|path| is_of_the_dead(path) && !is_gone(path));
    let members = |path: &PathBuf| fs::read_to_string(path.join("cgroup.procs")).ok();
    let pids: String = left.iter().filter_map(members).collect();
    for path in &left {
        kill_all(path);
    }
    let give_up_at = clock::mono() + LONGEST_ENDING;
    while !left.is_empty() && clock::mono() < give_up_at {
        let Ok(mut alarm) = Waiter::new() else { break };
        let _ = alarm.wait([None], clock::mono() + BETWEEN_LOOKS);
        left.retain(|path| !is_gone(path));
    }
    pids.lines().filter_map(|pid| pid.parse().ok()).collect()
}

/// Returns whether it is the cgroup of a run whose runner is no more.
fn is_of_the_dead(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    let of = name.and_then(|name| name.strip_prefix(PREFIX));
    let runner = of.and_then(|of| of.split('-').next()?.parse::<i32>().ok());
    let own = nix::unistd::getpid().as_raw();
    // The number of a thread has an entry below /proc too.
    let lives = |pid: i32| pid != own && !matches!(Pidfd::open(pid), Ok(None));
    runner.is_some_and(|pid| !lives(pid))
}

fn delegated() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let path = own_path(&own, &mounts)?;
    is_delegated(&path).then_some(path)
}

/// Returns the directory of the own cgroup (cgroups(7), proc(5)).
fn own_path(own: &str, mounts: &str) -> Option<PathBuf> {
    let below = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mount = mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?;
        kind.starts_with("cgroup2 ").then_some(point)
    })?;
    Some(Path::new(mount).join(below.trim_start_matches('/')))
}

fn is_delegated(path: &Path) -> bool {
    let euid = nix::unistd::geteuid();
    let owned = fs::metadata(path).is_ok_and(|data| data.uid() == euid.as_raw());
    let marked = ["trusted.delegate", "user.delegate"];
    owned && (!euid.is_root() || marked.iter().any(|name| has_attribute(path, name)))
}

#[expect(unsafe_code, reason = "no safe form in std or nix")]
fn has_attribute(path: &Path, name: &str) -> bool {
    let (Ok(path), Ok(name)) = (
        CString::new(path.as_os_str().as_bytes()),
        CString::new(name),
    ) else {
        return false;
    };
    let mut value = [0_u8; 8];
    // SAFETY: both texts end with NUL, and `value` has the length that is given.
    let len = unsafe {
        let value = value.as_mut_ptr().cast();
        libc::getxattr(path.as_ptr(), name.as_ptr(), value, 8)
    };
    len >= 1 && value[0] == b'1'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_runners_left_is_removed_and_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let names = [
            format!("run-{}-1", i32::MAX),
            format!("run-{}-1", nix::unistd::getpid()),
            format!("run-{}-1", nix::unistd::getppid()),
            "run-x".to_owned(),
            "init.scope".to_owned(),
        ];
        for name in &names {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        end_leftovers_in(dir.path());
        let left = names.map(|name| dir.path().join(name).exists());
        assert_eq!(left, [false, false, true, true, true]);
    }

    #[test]
    fn the_own_cgroup_is_found_on_unified_and_on_hybrid_machines() {
        let unified = "25 1 0:23 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n";
        let path = own_path("0::/system.slice/a.service\n", unified);
        assert_eq!(path, Some("/sys/fs/cgroup/system.slice/a.service".into()));
        let hybrid = "25 1 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      26 1 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let path = own_path("1:cpu:/\n0::/a\n", hybrid);
        assert_eq!(path, Some("/sys/fs/cgroup/unified/a".into()));
        assert_eq!(own_path("1:cpu:/\n", hybrid), None);
        assert_eq!(own_path("0::/\n", ""), None);
    }
}
