//! Mutes that are refused, damaged or out of time, and commands that write one at once.

use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use super::mute::{ONE, TWO, ok, refused, well};
use crate::support::{Place, eventually};
use serde_json::{Value, json};

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
