//! In a process of its own each, since all descendants of a process are meant: the tests beside
//! these have children too.

use std::process::{Child, Command, Stdio};

use super::*;
use crate::unix::clock;
use crate::unix::waiter::Waiter;

const VARIABLE: &str = "RUN_FUNCTIONS_TEST_ALONE";

/// Runs one test of this executable alone, in a process that has no other children.
fn alone(name: &str) {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let path = format!("unix::child::descendants::tests::{name}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &path])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // A name that fits no test is a success of none.
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn is_alone() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// A shell that has reported that it is ready.
fn shell(line: &str) -> Child {
    let mut command = Command::new("sh");
    let mut child = command
        .args(["-c", line])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    child
}

fn drive(mut ending: EndDescendants) -> Vec<i32> {
    let mut alarm = Waiter::new().unwrap();
    loop {
        if let Some(left) = ending.step(clock::mono()) {
            return left;
        }
        alarm.wait([None], ending.due()).unwrap();
    }
}

#[test]
fn children_of_a_function_are_asked_and_then_killed() {
    alone("children_of_a_function_are_asked_and_then_killed");
    if !is_alone() {
        return;
    }
    let mut polite = shell("trap 'exit 7' TERM; echo; while :; do sleep 0.01; done");
    let mut deaf = shell("trap '' TERM; echo; while :; do sleep 0.01; done");
    let mut escaped = shell("setsid sh -c 'echo; exec sleep 1000'");
    let grace = Duration::from_millis(300);
    let left = drive(end_descendants(libc::SIGTERM, grace, clock::mono()));
    assert!(left.is_empty(), "{left:?}");
    // Nobody but us has reaped them.
    assert_eq!(polite.wait().unwrap().code(), Some(7));
    assert!(!deaf.wait().unwrap().success());
    assert!(!escaped.wait().unwrap().success());
}

#[test]
fn a_registered_child_is_left_alone_with_its_own() {
    alone("a_registered_child_is_left_alone_with_its_own");
    if !is_alone() {
        return;
    }
    let mut worker = shell("sleep 1000 & echo; wait");
    let mut other = shell("echo; exec sleep 1000");
    own_children::register(worker.id() as i32);
    let left = drive(end_descendants(
        libc::SIGKILL,
        Duration::ZERO,
        clock::mono(),
    ));
    assert!(left.is_empty(), "{left:?}");
    assert!(!other.wait().unwrap().success());
    assert!(worker.try_wait().unwrap().is_none());
    own_children::unregister(worker.id() as i32);
    drive(end_descendants(
        libc::SIGKILL,
        Duration::ZERO,
        clock::mono(),
    ));
    worker.wait().unwrap();
}
