//! Runs below a delegated cgroup. Each test in a process of its own, since that process moves.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::child_support::cgroup::Inside;
use crate::child_support::processes::is_alive;
use crate::child_support::{Child, is_alone, is_success, pid_in, wait_until};
use crate::support::Place;
use nix::sys::signal::Signal;
use run_functions::__internal::Leak;

/// Marks a cgroup as systemd does it for `Delegate=yes`.
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(crate) fn delegate(path: &Path) {
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
    if !is_alone(a_run_has_a_cgroup_of_its_own_where_that_is_delegated) {
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

/// A task that lets one get away by every means, and goes on itself.
const ESCAPES: &str = "#!/bin/sh\n\
    for fd in 3 4 5; do eval \"exec $fd>&-\"; done\n\
    setsid env -i PATH=\"$PATH\" sh -c 'echo $$ >> escaped; exec sleep 1000' <&- >&- 2>&- &\n\
    until [ -s escaped ]; do sleep 0.01; done\n\
    echo $$ > leader\nexec sleep 1000\n";

#[test]
#[ignore = "needs root and a writable cgroup2"]
fn what_a_killed_runner_left_in_its_cgroup_is_ended_by_the_next_before_it_starts_a_copy() {
    if !is_alone(
        what_a_killed_runner_left_in_its_cgroup_is_ended_by_the_next_before_it_starts_a_copy,
    ) {
        return;
    }
    let inside = Inside::new("cgroup2", "");
    delegate(&inside.path);
    let place = Place::with(
        "[tasks.a]\nscript = \"task\"\nsuccess_cooldown = \"1day\"\nfail_cooldown = \"1ms\"\n",
    );
    place.write("task", ESCAPES);
    let mut old = place.start(&["tasks::a"]);
    wait_until("one got away", || pid_in(&place.path("leader")).is_some());
    let escaped = pid_in(&place.path("escaped")).unwrap();
    old.signal(Signal::SIGKILL);
    old.wait_for_status();
    assert!(is_alive(escaped), "nobody has seen it");
    assert_eq!(groups_below(&inside.path), 1);
    place.write(
        "task",
        format!("#!/bin/sh\n! test -e /proc/{escaped}/exe\n"),
    );
    let new = place.start(&["tasks::a"]);
    new.wait_for("Killed what the former runner had left running");
    new.wait_for("Execution successful");
    assert!(!is_alive(escaped));
    assert_eq!(groups_below(&inside.path), 0, "its cgroup is left");
    assert_eq!(new.stop(), Some(0));
}

#[test]
#[ignore = "needs root and a writable cgroup2"]
fn what_may_outlive_its_run_is_in_no_cgroup_of_it() {
    if !is_alone(what_may_outlive_its_run_is_in_no_cgroup_of_it) {
        return;
    }
    let inside = Inside::new("cgroup2", "");
    delegate(&inside.path);
    let child = Child::shell("sed -n 's/^0:://p' /proc/self/cgroup");
    let ended = child.with(|settings| settings.leak = Leak::Allow).run();
    assert!(is_success(&ended), "{ended:?}");
    assert!(!ended.output().head.contains("/run-"), "{ended:?}");
    assert_eq!(groups_below(&inside.path), 0);
}
