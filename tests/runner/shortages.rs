//! What has run short may be there again in a moment: who ends for want of it does so with 71, after which systemd tries again.

use std::path::Path;
use std::process::Output;

use crate::support::{Place, stderr};

const PROGRAM: &str = env!("CARGO_BIN_EXE_run_functions");

/// A place with a configuration of its own, so that the search for one opens nothing.
fn place() -> Place {
    Place::with("[tasks.a]\nshell = \"true\"\n")
}

/// Runs the program to its end by way of another one.
fn by_way_of(place: &Place, program: &str, words: &[&str]) -> Output {
    let words = [words, &[PROGRAM, "tasks::a"]].concat();
    let mut command = place.command_of(Path::new(program), &words);
    command.output().unwrap()
}

#[track_caller]
fn ended_with_71(output: &Output, remedy: &str) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(71), "{said}");
    assert!(said.contains(remedy), "{said}");
}

#[test]
fn wherever_descriptors_run_out_at_the_start_that_is_told_with_71() {
    let place = place();
    for limit in 6..=24 {
        let limit = format!("--nofile={limit}");
        let output = by_way_of(&place, "prlimit", &[&limit]);
        ended_with_71(&output, "look at `ulimit -n`");
        assert!(!stderr(&output).contains("--run-root"), "{limit}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_user_who_may_have_no_more_threads_is_told_so_with_71() {
    let place = place();
    place.set_mode(".", 0o777);
    let words = [
        "--reuid=64127",
        "--regid=64127",
        "--clear-groups",
        "prlimit",
        "--nproc=1",
    ];
    let output = by_way_of(&place, "setpriv", &words);
    ended_with_71(&output, "this process may have no more threads");
    assert!(!place.path("run/a.pid").exists());
}

#[test]
#[ignore = "needs root"]
fn a_disk_without_room_for_the_pidfile_is_told_with_71() {
    let place = place();
    place.write("run/keep", "");
    let script = "mount -t tmpfs -o mode=0700,nr_inodes=1 none run && exec \"$@\"";
    let words = ["--mount", "sh", "-c", script, "sh"];
    let output = by_way_of(&place, "unshare", &words);
    ended_with_71(&output, "make room on its disk");
}
