//! `mute` and `unmute`: mails are held back for a while, counted, and told when that ends. With real runners and mails as files.

use std::fs;
use std::process::{Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{self, Place, eventually, stderr, stdout, unfolded};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// `a` fails with the words in the file `bad`, as long as it is there.
const ONE: &str = r#"
[tasks.a]
shell = "test ! -e bad || { cat bad; exit 1; }"
success_cooldown = "120ms"
fail_cooldown = "120ms"
"#;

/// The same, and one that sleeps for long.
const TWO: &str = r#"
[tasks.a]
shell = "test ! -e bad || { cat bad; exit 1; }"
success_cooldown = "120ms"
fail_cooldown = "120ms"
[tasks.b]
command = ["true"]
success_cooldown = "120ms"
"#;

#[track_caller]
fn ok(place: &Place, args: &[&str]) -> String {
    let output = place.run(args);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{args:?}: {}",
        stderr(&output)
    );
    format!("{}{}", stdout(&output), stderr(&output))
}

fn refused(place: &Place, args: &[&str], code: i32) -> String {
    let output: Output = place.run(args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    said
}

fn status(place: &Place) -> String {
    stdout(&place.run(&["status"]))
}

fn chain(place: &Place) -> Value {
    let text = stdout(&place.run(&["status", "--json"]));
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all["chains"][0].clone()
}

/// A runner of `a` alone, which has run once.
fn well(place: &Place) -> support::Runner {
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

#[test]
fn what_is_not_there_too_long_or_unclear_is_refused_with_the_remedy() {
    let place = Place::with(TWO);
    refused(&place, &["mute", "a_b", "2h"], 3);
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("[tasks::b] Execution successful");
    for (args, code, words) in [
        (&["mute", "a_c", "2h"][..], 3, "did you mean `a_b`?"),
        (
            &["mute", "a_b/tasks::bb", "2h"],
            2,
            "did you mean `a_b/tasks::b`?",
        ),
        (
            &["mute", "a_b/nothing", "2h"],
            2,
            "it has tasks::a, tasks::b",
        ),
        (&["unmute", "a_b/nothing"], 2, "it has tasks::a, tasks::b"),
        (&["mute", "a/b/c", "2h"], 3, "no chain `a` was ever run"),
        (&["mute", "a b", "2h"], 2, "is not the name of a chain"),
        (&["mute", "a_b", "31days"], 2, "a mute lasts 30days at most"),
        (&["mute", "a_b", "0s"], 2, "a mute of no time is none"),
        (&["mute", "a_b", "2"], 2, "write `2h`, for instance"),
        (&["mute", "a_b"], 2, "<TIME>"),
        (&["unmute", "a_c"], 3, "did you mean `a_b`?"),
    ] {
        let said = refused(&place, args, code);
        assert!(said.contains(words), "`{words}` is not in\n{said}");
    }
    assert!(!place.path("run/a_b.mutes").exists(), "nothing was changed");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_file_that_cannot_be_read_mutes_nothing_and_is_told() {
    let place = Place::with(ONE);
    assert_eq!(well(&place).stop(), Some(0));
    place.write("run/a.mutes", "{\"version\":1,\"mutes\":[{");
    place.set_mode("run/a.mutes", 0o600);
    place.replace("bad", "apple\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("so nothing is muted");
    runner.wait_for("Sent email to admins: First exception caught: exit 1: apple");
    let said = ok(&place, &["mute", "a", "2h"]);
    assert!(
        said.contains("note: the former mutes cannot be read"),
        "{said}"
    );
    runner.wait_for("are muted until ");
    assert_eq!(runner.count("so nothing is muted"), 1);
    assert_eq!(runner.stop(), Some(0));
}

#[expect(clippy::disallowed_methods, reason = "the runner reads the same clock")]
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().cast_signed()
}

/// Writes a mute of two hours, which was set `ahead` days after now on the clock of another boot.
fn write_mute(place: &Place, ahead: i64) {
    let from = now() + ahead * 86_400;
    let time = |secs: i64| json!({"secs_since_epoch": secs, "nanos_since_epoch": 0});
    let mute = json!({
        "from": time(from), "until": time(from + 7200), "by": "root", "reason": "deploy",
        "boot": "another", "made": 1,
    });
    place.write(
        "run/a.mutes",
        json!({"version": 1, "mutes": [mute]}).to_string(),
    );
    place.set_mode("run/a.mutes", 0o600);
}

fn is_in_file(place: &Place) -> bool {
    place.read("run/a.mutes").contains("deploy")
}

#[test]
fn a_mute_that_begins_ahead_of_the_clock_is_dropped_for_ever_and_said_once() {
    for ahead in [400, 29, 1] {
        let place = Place::with(ONE);
        assert_eq!(well(&place).stop(), Some(0));
        write_mute(&place, ahead);
        place.replace("bad", "apple\n");
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("The mute of this chain by root is dropped: it begins at");
        runner.wait_for("Sent email to admins: First exception caught: exit 1: apple");
        eventually(|| !is_in_file(&place));
        runner.wait_for_count("Execution failed", 4);
        assert_eq!(runner.count("is dropped"), 1);
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn a_mute_of_another_boot_goes_on_by_the_clock_of_this_one() {
    let place = Place::with(ONE);
    assert_eq!(well(&place).stop(), Some(0));
    write_mute(&place, 0);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("are muted until ");
    eventually(|| !place.read("run/a.mutes").contains("another"));
    assert!(is_in_file(&place));
    assert_eq!(runner.count("are muted until "), 1);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn two_commands_at_once_lose_nothing() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("[tasks::b] Execution successful");
    let spawn = |whom: &str| {
        let mut command = place.command(&["mute", whom, "2h"]);
        command.stderr(Stdio::null()).spawn().unwrap()
    };
    for _ in 0..10 {
        ok(&place, &["unmute", "a_b"]);
        let all = ["a_b/a", "a_b/b", "a_b"].map(spawn);
        for mut child in all {
            assert!(child.wait().unwrap().success());
        }
        let mutes: Value = serde_json::from_str(&place.read("run/a_b.mutes")).unwrap();
        assert_eq!(mutes["mutes"].as_array().map(Vec::len), Some(3), "{mutes}");
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs root"]
fn another_users_chain_is_refused_with_77() {
    let place = Place::with(ONE);
    assert_eq!(well(&place).stop(), Some(0));
    let nobody = Some(nix::unistd::Uid::from_raw(65_534));
    for name in ["run/a.state", "run"] {
        nix::unistd::chown(&place.path(name), nobody, None).unwrap();
    }
    let said = refused(&place, &["mute", "a", "2h"], 77);
    assert!(said.contains("sudo -u"), "{said}");
    refused(&place, &["unmute", "a"], 77);
}
