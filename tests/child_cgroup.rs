//! Runs below a delegated cgroup. Each test in a process of its own, since that process moves.
#![cfg(test)]

mod child_support;

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use child_support::cgroup::Inside;
use child_support::{Child, is_alive, is_success, pid_in, wait_until};
use run_functions::__internal::Leak;

const VARIABLE: &str = "RUN_FUNCTIONS_TEST_ALONE";

/// Does a test in a new process of this executable, which has no other tests; tells whether this process is that one.
fn is_alone(name: &str) -> bool {
    if std::env::var_os(VARIABLE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--include-ignored", name])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    false
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

/// Counts the cgroups below another.
fn groups_below(path: &Path) -> usize {
    let entries = fs::read_dir(path).unwrap().flatten();
    entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .count()
}

#[test]
#[ignore = "needs root and a writable cgroup2"]
fn a_run_has_a_cgroup_of_its_own_where_that_is_delegated() {
    if !is_alone("a_run_has_a_cgroup_of_its_own_where_that_is_delegated") {
        return;
    }
    let inside = Inside::new("cgroup2", "");
    delegate(&inside.path);
    let dir = tempfile::tempdir().unwrap();
    let note = dir.path().join("pid");
    let line = format!(
        "cat /proc/self/cgroup | sed -n 's/^0:://p'; setsid sh -c 'echo $$ > {0}; exec sleep 1000' & \
         while ! [ -s {0} ]; do sleep 0.01; done",
        note.display()
    );
    for _ in 0..20 {
        fs::write(&note, "").unwrap();
        let ended = Child::shell(&line).run();
        assert!(is_success(&ended), "{ended:?}");
        assert!(ended.output().head.contains("/run-"), "{ended:?}");
        assert!(!is_alive(pid_in(&note).unwrap()));
        assert_eq!(groups_below(&inside.path), 0, "its cgroup is left");
    }
}

#[test]
#[ignore = "needs root and a writable cgroup2"]
fn cgroups_that_were_left_are_removed_by_the_next_run() {
    if !is_alone("cgroups_that_were_left_are_removed_by_the_next_run") {
        return;
    }
    let inside = Inside::new("cgroup2", "");
    delegate(&inside.path);
    let of_killed_runner = inside.path.join(format!("run-{}-1", i32::MAX));
    fs::create_dir(&of_killed_runner).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (note, end) = (dir.path().join("pid"), dir.path().join("end"));
    let line = format!(
        "setsid sh -c 'echo $$ > {0}; while ! [ -e {1} ]; do sleep 0.01; done' & \
         while ! [ -s {0} ]; do sleep 0.01; done",
        note.display(),
        end.display()
    );
    let tolerant = Child::shell(&line).with(|settings| settings.leak = Leak::Allow);
    assert!(is_success(&tolerant.run()));
    assert!(!of_killed_runner.exists());
    assert!(is_alive(pid_in(&note).unwrap()));
    assert_eq!(groups_below(&inside.path), 1, "somebody tolerated is in it");
    fs::write(&end, "").unwrap();
    let tolerated = pid_in(&note).unwrap();
    wait_until("the tolerated one ends", || !is_alive(tolerated));
    wait_until("its cgroup is removed", || {
        assert!(is_success(&Child::command(&["true"]).run()));
        groups_below(&inside.path) == 0
    });
}
