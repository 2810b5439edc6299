//! What `status` says of chains that do not run: which of them, how they ended, how they are started again or forgotten.

use std::fs;

use nix::sys::signal::Signal;

use super::{TWO, data, status};
use crate::support::{NO_MAIL_PROGRAM, Place, eventually, stderr, stdout};

#[test]
fn a_chain_that_has_ended_is_told_with_3_and_how_it_ended() {
    let place = Place::with(TWO);
    let output = status(&place, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains("No chain was ever run in "));
    assert!(!place.path("run").exists(), "looking changes nothing");
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping");
    assert_eq!(runner.stop(), Some(0));
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains("b: not running since ") && text.contains(": SIGTERM"),
        "{text}"
    );
    assert!(
        text.contains("start it with `run_functions tasks::b`"),
        "{text}"
    );
    let mut runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let output = status(&place, &["b"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "the number in the file is not believed"
    );
    assert!(
        stdout(&output).contains("b: not running: killed, or the power failed, after "),
        "{}",
        stdout(&output)
    );
    assert_eq!(status(&place, &["never"]).status.code(), Some(3));
    assert_eq!(status(&place, &["no/name"]).status.code(), Some(2));
}

#[test]
fn a_runner_that_was_killed_while_its_task_is_down_is_told_with_3() {
    let place = Place::with(&format!("{TWO}{NO_MAIL_PROGRAM}"));
    place.write("bad", "");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 2);
    assert!(eventually(
        || stdout(&status(&place, &[])).contains("Mail does not leave since ")
    ));
    assert_eq!(status(&place, &[]).status.code(), Some(1));
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("tasks::a  DOWN since "), "{text}");
    assert_eq!(data(&place)["exit"], 3);
}

#[test]
fn a_chain_that_nobody_wants_any_more_is_forgotten_as_its_line_says() {
    let place = Place::with(TWO);
    for arguments in [&["tasks::b"][..], &["tasks::b", "--name", "night"]] {
        let runner = place.start(arguments);
        runner.wait_for("Sleeping");
        assert_eq!(runner.stop(), Some(0));
    }
    let text = stdout(&status(&place, &["night"]));
    let start = "start it with `run_functions tasks::b --name night`";
    assert!(text.contains(start), "{text}");
    let words = "or have it forgotten: rm ";
    let pidfile = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(words));
    fs::remove_file(pidfile.expect("a line that says how")).unwrap();
    let text = stdout(&status(&place, &[]));
    assert!(
        text.contains("b: not running") && !text.contains("night"),
        "{text}"
    );
}

#[test]
fn what_survives_a_boot_is_known_though_the_pidfiles_are_gone() {
    let place = Place::with(
        "run_root = \"volatile/run\"\nstate_dir = \"state\"\n[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1h\"\n",
    );
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    for _ in 0..2 {
        let output = place.run(&["status"]);
        let told = stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains("a: not running"), "{told}");
        assert!(told.contains("tasks::a"), "{told}");
        assert!(told.contains("start it with `"), "{told}");
        let metrics = stdout(&place.run(&["metrics"]));
        assert!(metrics.contains("chain=\"a\""), "{metrics}");
        for command in [
            &["mute", "a", "1h"][..],
            &["unmute", "a/a"],
            &["unmute", "a"],
        ] {
            let output = place.run(command);
            let told = stderr(&output);
            assert!(!told.contains("was ever run"), "{command:?}: {told}");
        }
        let named = place.run(&["status", "a"]);
        assert!(stdout(&named).contains("tasks::a"), "{}", stdout(&named));
        let _ = std::fs::remove_dir_all(place.path("volatile"));
    }
    // What was to be typed to have it forgotten does that.
    let told = stdout(&place.run(&["status"]));
    let forget = told.lines().find_map(|line| line.split_once("forgotten: "));
    let mut shell = place.command_of("sh".as_ref(), &["-c", forget.unwrap().1]);
    assert!(shell.status().unwrap().success());
    let told = stdout(&place.run(&["status"]));
    assert!(told.contains("No chain was ever run"), "{told}");
}
