//! Directories that another user could change: root relies on none of them, and what is put in the
//! place of ours is neither followed, read, written, deleted nor waited for.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use crate::support::{Place, Runner, eventually, stderr};

pub(super) const APP: u32 = 12345;
pub(super) const FAILS: &str =
    "[tasks.a]\nshell = \"cat why >&2; exit 1\"\nfail_cooldown = \"10ms\"\n";
pub(super) const SUCCEEDS: &str = "[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"10ms\"\n";

pub(super) fn give(place: &Place, name: &str) {
    chown(place.path(name), Some(APP), Some(APP)).expect("root gives files away");
}

/// Runs a command that must not hang.
#[track_caller]
pub(super) fn ends(mut command: Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let ended = eventually(|| child.try_wait().unwrap().is_some());
    if !ended {
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ended, "it hangs: {command:?}");
    output
}

/// What a stranger would be harmed by: a directory of other files.
pub(super) fn precious(place: &Place) {
    place.write("precious/logrotate", "weekly\n");
    place.write("precious/broken.json", "{");
    place.write("precious/old.eml", "To: a@example.org\n\nx\n");
    place.write("precious/0000000000000001.out", "not ours\n");
}

pub(super) fn listing(place: &Place) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(place.path("precious")).unwrap();
    let mut all: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect();
    all.sort();
    all
}

#[test]
#[ignore = "needs root"]
fn root_relies_on_no_directory_below_another_users() {
    for settings in ["run_root = \"app/run\"", "state_dir = \"app/deep/state\""] {
        let place = Place::with(&format!("{settings}\n{SUCCEEDS}"));
        place.write("app/deep/keep", "");
        give(&place, "app");
        let check = place.run(&["check", "tasks::a"]);
        let said = stderr(&check);
        assert!(said.contains("cannot be used: `"), "{said}");
        assert!(said.contains("/app` belongs to uid 12345"), "{said}");
        assert!(said.contains("help: "), "{said}");
        let refused = place.run(&["tasks::a"]);
        assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("/app` belongs to uid 12345"));
        assert!(!place.path("app/run").exists() || !place.path("app/run/a.pid").exists());
    }
}

#[test]
#[ignore = "needs root"]
fn root_relies_on_no_directory_below_one_that_others_can_write_unless_it_is_sticky() {
    let place = Place::with(&format!("run_root = \"shared/run\"\n{SUCCEEDS}"));
    place.write("shared/run/keep", "");
    place.set_mode("shared/run", 0o700);
    for mode in [0o777, 0o775, 0o2770, 0o1777] {
        place.set_mode("shared", mode);
        let output = place.run(&["check", "tasks::a"]);
        let is_refused = stderr(&output).contains("/shared` can be written by others");
        assert_eq!(is_refused, mode != 0o1777, "{mode:o}: {}", stderr(&output));
    }
    // In a sticky one what is another's is the other's still.
    give(&place, "shared/run");
    let output = place.run(&["tasks::a"]);
    assert_eq!(output.status.code(), Some(73));
    assert!(stderr(&output).contains("uid 12345"), "{}", stderr(&output));
}

#[test]
#[ignore = "needs root"]
fn root_goes_through_no_link_that_another_user_could_change() {
    let place = Place::with(&format!("run_root = \"way/run\"\n{SUCCEEDS}"));
    place.write("app/keep", "");
    fs::create_dir(place.path("ours")).unwrap();
    symlink(place.path("ours"), place.path("app/link")).unwrap();
    symlink("app/link", place.path("way")).unwrap();
    give(&place, "app");
    let refused = place.run(&["tasks::a"]);
    assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("/app` belongs to uid 12345"));
    assert!(!place.path("ours/run").exists());
}

#[test]
#[ignore = "needs root"]
fn to_a_user_a_doubtful_directory_above_is_a_warning_and_the_chain_runs() {
    let place = Place::with(&format!("run_root = \"app/mine/run\"\n{SUCCEEDS}"));
    place.set_mode(".", 0o755);
    place.write("app/mine/keep", "");
    give(&place, "app/mine");
    chown(place.path("app"), Some(54321), None).unwrap();
    let program = place.copy_program("rf");
    let mut command = place.command_of(&program, &["tasks::a"]);
    command.uid(APP).gid(APP);
    let runner = Runner::start(command);
    runner.wait_for("Execution successful");
    let log = runner.log();
    assert!(
        log.contains("`run_root` is not safe from others: `"),
        "{log}"
    );
    assert!(log.contains("/app` belongs to uid 54321"), "{log}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_start_refuses_what_was_put_in_the_place_of_its_directories() {
    for name in [
        "outbox",
        "outbox/alerts",
        "outbox/queue",
        "outbox/deferred",
        "outbox/failed",
        "a.history",
    ] {
        let place = Place::with(FAILS);
        precious(&place);
        let before = listing(&place);
        place.write("run/outbox/keep", "");
        let _ = fs::remove_dir_all(place.path("run").join(name));
        place.set_mode("run", 0o700);
        symlink(place.path("precious"), place.path("run").join(name)).unwrap();
        for args in [&["check", "tasks::a"][..], &["tasks::a"]] {
            let output = ends(place.command(args));
            let said = stderr(&output);
            let expected = if args.len() == 1 { 73 } else { 0 };
            assert_eq!(output.status.code(), Some(expected), "{name}: {said}");
            let words = format!("/run/{name}` is a symbolic link, which is never followed");
            assert!(said.contains(&words), "{said}");
        }
        assert_eq!(listing(&place), before, "{name}");
    }
}

#[test]
fn a_start_refuses_an_outbox_that_others_can_write() {
    for name in ["outbox", "outbox/alerts", "a.history"] {
        let place = Place::with(FAILS);
        place.write(&format!("run/{name}/keep"), "");
        place.set_mode("run", 0o700);
        place.set_mode(&format!("run/{name}"), 0o777);
        let output = ends(place.command(&["tasks::a"]));
        assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
        assert!(stderr(&output).contains("`chmod go-w` it"));
    }
}

#[test]
fn a_runner_follows_no_link_that_comes_later_and_its_mail_leaves() {
    let swap = |place: &Place, name: &str| {
        let path = place.path("run").join(name);
        let _ = fs::rename(&path, path.with_extension("aside"));
        symlink(place.path("precious"), path).unwrap();
    };
    for name in ["outbox", "outbox/alerts", "outbox/failed", "a.history"] {
        let place = Place::with(FAILS);
        precious(&place);
        let before = listing(&place);
        place.replace("why", "alpha");
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("First exception caught");
        swap(&place, name);
        if name == "outbox/failed" {
            place.write("run/outbox/alerts/damaged.json", "{");
        }
        place.replace("why", "beta");
        assert!(
            eventually(|| place.mails().iter().any(|mail| mail.contains("beta"))),
            "{name}: {}",
            runner.log()
        );
        assert_eq!(runner.stop(), Some(0), "{name}");
        assert_eq!(listing(&place), before, "{name}");
    }
}
