//! Runs below a delegated cgroup, and fork bombs in a bounded one. In a process of their own, since that process moves.
#![cfg(test)]

mod child_support;

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use child_support::{Child, is_alive, is_success, pid_in, text, wait_until};

/// A cgroup of ours, in which this process is as long as it lives.
struct Inside {
    path: PathBuf,
    root: PathBuf,
}

impl Inside {
    /// Enters a new cgroup of the hierarchy whose mount point has `kind` for its type and `option` among its options.
    fn new(kind: &str, option: &str) -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let root = mounts.lines().find_map(|line| {
            let (mount, rest) = line.split_once(" - ")?;
            let fits = rest.starts_with(&format!("{kind} ")) && rest.contains(option);
            fits.then(|| PathBuf::from(mount.split(' ').nth(4).unwrap()))
        });
        let root = root.expect("the hierarchy is mounted");
        let path = root.join(format!("run_functions_test_{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let inside = Inside { path, root };
        inside.enter(&inside.path);
        inside
    }

    fn enter(&self, path: &Path) {
        fs::write(path.join("cgroup.procs"), std::process::id().to_string()).unwrap();
    }

    fn groups_below(&self) -> usize {
        let entries = fs::read_dir(&self.path).unwrap().flatten();
        entries
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .count()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.enter(&self.root);
        // The kernel keeps a group busy until the last of its dead has been released, which takes it moments.
        if !std::thread::panicking() {
            wait_until("the cgroup is empty", || fs::remove_dir(&self.path).is_ok());
        }
    }
}

/// Marks a cgroup as systemd does it for `Delegate=yes`.
#[expect(unsafe_code, reason = "no safe form in std or nix")]
fn delegate(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    let name = c"trusted.delegate";
    // SAFETY: both texts end with NUL, and one byte is given as one byte.
    let done = unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), c"1".as_ptr().cast(), 1, 0) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

#[test]
#[ignore = "needs root and a writable cgroup2"]
fn a_run_has_a_cgroup_of_its_own_where_that_is_delegated() {
    let inside = Inside::new("cgroup2", "");
    delegate(&inside.path);
    let dir = tempfile::tempdir().unwrap();
    let note = dir.path().join("pid");
    let line = format!(
        "cat /proc/self/cgroup | sed -n 's/^0:://p'; setsid sh -c 'echo $$ > {0}; exec sleep 1000' & \
         while ! [ -s {0} ]; do sleep 0.01; done",
        note.display()
    );
    let ended = Child::shell(&line).run();
    assert!(is_success(&ended), "{ended:?}");
    assert!(ended.output().head.contains("/run-"), "{ended:?}");
    assert!(!is_alive(pid_in(&note).unwrap()));
    assert_eq!(inside.groups_below(), 0, "its cgroup is left");
}

#[test]
#[ignore = "needs root and a pids cgroup (v1)"]
fn fork_bombs_are_ended() {
    let inside = Inside::new("cgroup", "pids");
    fs::write(inside.path.join("pids.max"), "200").unwrap();
    let in_group = "bomb() { bomb | bomb & }; bomb; exec sleep 1000";
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("bomb");
    fs::write(
        &script,
        "#!/bin/sh\nwhile :; do setsid \"$0\" & sleep 0.01; done\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let in_sessions = format!("{} 2>/dev/null & exec sleep 1000", script.display());
    for bomb in [in_group, &in_sessions] {
        let child = Child::shell(bomb).timeout(Duration::from_secs(1));
        let child = child.with(|settings| settings.kill_grace = Duration::ZERO);
        let ended = child.run();
        assert!(
            text(&ended).starts_with("timed out after 1s"),
            "{bomb}: {}",
            text(&ended)
        );
        assert_eq!(ended.unkillable, Vec::<i32>::new(), "{bomb}");
        let left = fs::read_to_string(inside.path.join("cgroup.procs")).unwrap();
        assert_eq!(left.trim(), std::process::id().to_string(), "{bomb}");
    }
}
