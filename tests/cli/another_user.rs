//! What each command says of chains that are another user's: that it cannot look, and never that all is well or that there is nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Output;

use crate::support::{Place, Runner, eventually, stderr, stdout};

/// The mail waits, so that there is something to hide.
const TASK: &str = r#"
[mail]
to = ["ops@example.org"]
transport = "sendmail"
program = "/nowhere/sendmail"
[tasks.a]
shell = "exit 1"
fail_cooldown = "1h"
"#;
/// `nobody`, on every machine.
const NOBODY: u32 = 65534;

fn theirs() -> (Place, Runner) {
    let place = Place::with(TASK);
    // Others may come as far as RUN_ROOT.
    fs::set_permissions(place.dir(), Permissions::from_mode(0o755)).unwrap();
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1h");
    assert!(eventually(|| !place
        .read("run/outbox/path.json")
        .is_empty()));
    (place, runner)
}

/// Runs a command as somebody else, for whom the program is where all may read it.
fn as_nobody(place: &Place, args: &[&str]) -> Output {
    let program = place.path("rf");
    if !program.exists() {
        place.copy_program("rf");
    }
    let mut command = place.command_of(&program, args);
    command.uid(NOBODY).gid(NOBODY);
    command.output().expect("root can be anybody")
}

fn everything() -> [Vec<&'static str>; 12] {
    [
        vec!["status"],
        vec!["status", "--json"],
        vec!["status", "a"],
        vec!["history"],
        vec!["history", "a"],
        vec!["logs", "a"],
        vec!["report", "--text"],
        vec!["metrics"],
        vec!["mail", "queue"],
        vec!["mail", "queue", "--flush"],
        vec!["stop", "a"],
        vec!["wake", "a"],
    ]
}

fn is_told(place: &Place, args: &[&str]) {
    let output = as_nobody(place, args);
    let (out, err) = (stdout(&output), stderr(&output));
    let all = format!("{args:?}: {:?}\n{out}\n{err}", output.status.code());
    assert_eq!(output.status.code(), Some(77), "{all}");
    for lie in [
        "All is well",
        "Nothing waits",
        "No run is kept",
        "No chain was ever",
        "\"ok\": true",
    ] {
        assert!(!all.contains(lie), "{all}");
    }
    assert!(
        all.contains("uid 0") || all.contains("another user"),
        "{all}"
    );
}

#[test]
#[ignore = "needs root"]
fn a_run_root_that_is_closed_is_told_by_every_command() {
    let (place, runner) = theirs();
    for args in everything() {
        is_told(&place, &args);
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs root"]
fn a_run_root_that_can_be_entered_is_no_more_ours() {
    let (place, runner) = theirs();
    fs::set_permissions(place.path("run"), Permissions::from_mode(0o755)).unwrap();
    for args in everything() {
        is_told(&place, &args);
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs root"]
fn what_asks_for_no_chain_works_for_everybody() {
    let (place, runner) = theirs();
    for args in [
        &["list"][..],
        &["check", "tasks::a"],
        &["simulate", "tasks::a"],
        &["--version"],
    ] {
        let output = as_nobody(&place, args);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(runner.stop(), Some(0));
}
