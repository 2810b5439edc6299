//! A runner without a descriptor left. In a process of its own, since the limit holds for all of it.

use crate::child_support::{self, Child, is_alone};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

#[test]
fn a_runner_without_a_descriptor_left_says_so_and_the_next_run_is_well() {
    if !is_alone(a_runner_without_a_descriptor_left_says_so_and_the_next_run_is_well) {
        return;
    }
    let child = Child::shell("true");
    let _turn = child_support::turn();
    child_support::pin();
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    // Warm, so that what is opened once is open.
    child.try_start().unwrap().finish().unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 6, hard).unwrap();
    let failure = child.try_start();
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    let failure = failure.expect_err("there was no descriptor left");
    let text = failure.text();
    assert!(
        text.ends_with("Too many open files (os error 24)"),
        "{text}"
    );
    assert!(failure.notes.join("\n").contains("ulimit -n"));
    // And the next run is well.
    child.try_start().unwrap().finish().unwrap();
}
