//! `mute` and `unmute`: mails are held back for a while, counted, and told when that ends. With real runners and mails as files.

use std::fs;
use std::process::Output;

use crate::support::{self, Place, eventually, stderr, stdout, unfolded};
use nix::sys::signal::Signal;
use serde_json::Value;

/// `a` fails with the words in the file `bad`, as long as it is there.
pub(super) const ONE: &str = r#"
[tasks.a]
shell = "test ! -e bad || { cat bad; exit 1; }"
success_cooldown = "120ms"
fail_cooldown = "120ms"
"#;

/// The same, and one that sleeps for long.
pub(super) const TWO: &str = r#"
[tasks.a]
shell = "test ! -e bad || { cat bad; exit 1; }"
success_cooldown = "120ms"
fail_cooldown = "120ms"
[tasks.b]
command = ["true"]
success_cooldown = "120ms"
"#;

#[track_caller]
pub(super) fn ok(place: &Place, args: &[&str]) -> String {
    let output = place.run(args);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{args:?}: {}",
        stderr(&output)
    );
    format!("{}{}", stdout(&output), stderr(&output))
}

pub(super) fn refused(place: &Place, args: &[&str], code: i32) -> String {
    let output: Output = place.run(args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    said
}

fn status(place: &Place) -> String {
    stdout(&place.run(&["status"]))
}

pub(super) fn chain(place: &Place) -> Value {
    let text = stdout(&place.run(&["status", "--json"]));
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all["chains"][0].clone()
}

/// A runner of `a` alone, which has run once.
pub(super) fn well(place: &Place) -> support::Runner {
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    runner
}

/// A runner of `a` alone, which was muted, and has failed since.
fn muted_in_trouble(place: &Place) -> support::Runner {
    let runner = well(place);
    ok(place, &["mute", "a", "2h"]);
    runner.wait_for("are muted until ");
    place.replace("bad", "apple\n");
    runner.wait_for("Execution failed");
    runner
}

#[test]
fn a_muted_task_is_silent_and_told_in_one_mail_when_that_is_ended() {
    let place = Place::with(ONE);
    let runner = well(&place);
    let said = ok(&place, &["mute", "a/a", "2h", "--reason", "deploy"]);
    assert!(
        said.contains("Mails about tasks::a of a are muted until ") && said.contains(" (2h)"),
        "{said}"
    );
    assert!(
        said.contains("`run_functions unmute a/tasks::a` ends it now"),
        "{said}"
    );
    runner.wait_for("Mails about tasks::a are muted until ");
    place.replace("bad", "apple\n");
    runner.wait_for_count("Execution failed: exit 1: apple", 2);
    place.replace("bad", "pear\n");
    runner.wait_for_count("Execution failed: exit 1: pear", 2);
    assert!(place.subjects().is_empty());
    assert!(eventually(
        || status(&place).contains(" (deploy): 2 mails held back")
    ));
    ok(&place, &["unmute", "a/a"]);
    runner.wait_for("The mute of tasks::a by ");
    runner.wait_for("Sent email to admins");
    assert_eq!(runner.stop(), Some(0));
    let subjects = place.all_subjects();
    // The end of the mute, or the run that is under way, tells of both.
    assert_eq!(subjects.len(), 1);
    assert!(
        subjects[0].starts_with("[tasks::a] First exception caught: exit 1: "),
        "{subjects:?}"
    );
    let mail = &place.mails()[0];
    let words = unfolded(mail);
    for expected in [
        "tasks::a: muted by ",
        "(deploy); 2 mails were held back: First exception caught, New exception caught.",
        "exit 1: apple (kind ",
        "exit 1: pear (kind ",
    ] {
        assert!(words.contains(expected), "`{expected}` is not in\n{mail}");
    }
}

#[test]
fn a_mute_ends_by_itself_though_nothing_happens() {
    let place = Place::with(&TWO.replace("[tasks.b]", "[tasks.b]\n# long").replace(
        "command = [\"true\"]\nsuccess_cooldown = \"120ms\"",
        "command = [\"true\"]\nsuccess_cooldown = \"1h\"",
    ));
    place.replace("bad", "apple\n");
    let runner = place.start(&["tasks::b", "tasks::a"]);
    runner.wait_for("Sleeping 1h");
    ok(&place, &["mute", "b_a", "400ms"]);
    ok(&place, &["wake", "b_a"]);
    runner.wait_for("Execution failed");
    // Its chain sleeps for an hour by now, and nothing but the end of the mute wakes it.
    runner.wait_for_count("Sleeping 1h", 2);
    runner.wait_for("The mute of this chain by ");
    runner.wait_for("Sent email to admins: First exception caught: exit 1: apple");
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.all_subjects().len(), 1);
}

#[test]
fn what_has_healed_meanwhile_is_told_in_a_digest() {
    let place = Place::with(ONE);
    let runner = muted_in_trouble(&place);
    fs::remove_file(place.path("bad")).unwrap();
    let before = runner.count("Execution successful");
    runner.wait_for_count("Execution successful", before + 1);
    ok(&place, &["unmute", "a"]);
    runner.wait_for("Sent email to admins: 1 exception was held back");
    assert_eq!(runner.stop(), Some(0));
    let mails = place.all_mails();
    let words = unfolded(&mails[0]);
    assert_eq!(mails.len(), 1);
    assert!(words.contains("is over: 1 mail held back"), "{words}");
    assert!(
        words.contains("tasks::a: First exception caught; not down any more"),
        "{words}"
    );
}

#[test]
fn a_mute_made_while_no_runner_lives_holds_for_the_next_and_its_heir() {
    let place = Place::with(ONE);
    assert_eq!(well(&place).stop(), Some(0));
    let said = ok(&place, &["mute", "a", "2h"]);
    assert!(
        said.contains("No runner of a lives now; the next one keeps to it"),
        "{said}"
    );
    place.replace("bad", "apple\n");
    let first = place.start(&["tasks::a"]);
    first.wait_for("Mails about this chain are muted until ");
    first.wait_for("Execution failed");
    let mut killed = place.start(&["tasks::a"]);
    killed.wait_for("are muted until ");
    killed.wait_for("Execution failed");
    killed.signal(Signal::SIGKILL);
    killed.wait_for_status();
    let last = place.start(&["tasks::a"]);
    last.wait_for("are muted until ");
    last.wait_for("Execution failed");
    assert!(place.subjects().is_empty(), "{:?}", place.subjects());
    ok(&place, &["unmute", "a"]);
    last.wait_for("Sent email to admins: First exception caught: exit 1: apple");
    assert_eq!(last.stop(), Some(0));
    assert_eq!(place.all_subjects().len(), 1);
    let mail = unfolded(&place.mails()[0]);
    assert!(
        mail.contains("1 mail was held back: First exception caught."),
        "{mail}"
    );
}

#[test]
fn what_was_held_back_is_told_though_the_mute_ended_without_a_runner() {
    let place = Place::with(ONE);
    let runner = muted_in_trouble(&place);
    assert_eq!(runner.stop(), Some(0));
    ok(&place, &["unmute", "a"]);
    fs::remove_file(place.path("bad")).unwrap();
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins: 1 exception was held back");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn status_says_until_when_who_why_and_how_many() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("[tasks::b] Execution successful");
    ok(
        &place,
        &[
            "mute",
            "a_b",
            "2h",
            "--reason",
            "deploy\n\u{1b}[31mof orders",
        ],
    );
    ok(&place, &["mute", "a_b/b", "30days"]);
    runner.wait_for_count("are muted until ", 2);
    let text = status(&place);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("muted until "))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("    muted until "), "{text}");
    assert!(
        lines[1].starts_with("  muted until ")
            && lines[1].ends_with(" (deploy of orders): no mails held back"),
        "{text}"
    );
    let data = chain(&place);
    assert_eq!(data["muted"]["reason"], "deploy of orders");
    assert_eq!(data["muted"]["held_back"], 0);
    assert!(data["muted"]["until"].is_string() && data["muted"]["by"].is_string());
    assert!(data["tasks"][0]["muted"].is_null());
    assert!(data["tasks"][1]["muted"]["from"].is_string());
    let said = refused(&place, &["unmute", "a_b/a"], 1);
    assert!(
        said.contains("`run_functions unmute a_b` ends that"),
        "{said}"
    );
    let said = refused(&place, &["unmute", "a_b/b"], 1);
    assert!(
        said.starts_with("error: tasks::b of a_b is muted with its whole chain"),
        "{said}"
    );
    assert_eq!(status(&place).matches("muted until ").count(), 2);
    ok(&place, &["unmute", "a_b"]);
    runner.wait_for_count(" is over; no mails held back", 2);
    assert!(!status(&place).contains("muted"));
    let said = ok(&place, &["unmute", "a_b"]);
    assert!(said.contains("a_b was not muted"), "{said}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn history_names_the_mute_as_the_reason() {
    let place = Place::with(ONE);
    let runner = muted_in_trouble(&place);
    assert_eq!(runner.stop(), Some(0));
    let runs = ok(&place, &["history", "--failed", "--json"]);
    let runs: Value = serde_json::from_str(&runs).unwrap();
    let run = runs[0]["run"].as_str().unwrap();
    let text = ok(&place, &["history", "--why", run]);
    assert!(text.contains("Not mailed: muted until "), "{text}");
}

#[test]
fn a_task_that_ends_its_runner_is_mailed_though_it_is_muted() {
    let place = Place::with(
        "[tasks.a]\nshell = \"test ! -e bad || { echo no such database; exit 9; }\"\n\
         fatal_exit_codes = [9]\nsuccess_cooldown = \"120ms\"\n",
    );
    let mut runner = well(&place);
    ok(&place, &["mute", "a", "2h"]);
    runner.wait_for("are muted until ");
    place.write("bad", "");
    assert_eq!(runner.wait_for_end(), Some(70));
    assert_eq!(
        place.all_subjects(),
        ["[tasks::a] First exception caught: exit 9: no such database"]
    );
}
