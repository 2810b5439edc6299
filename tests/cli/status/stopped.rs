//! What `status` says of chains that do not run: which of them, how they ended, how they are started again or forgotten.

use std::fs;

use nix::sys::signal::Signal;

use super::support::{NO_MAIL_PROGRAM, Place, eventually, stdout};
use super::{TWO, data, status};

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
