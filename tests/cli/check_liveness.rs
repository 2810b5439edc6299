//! `check-liveness`: a monitor learns whether a chain has succeeded lately, and from what no record says nothing is inferred.

use std::net::TcpListener;
use std::process::Output;

use crate::support::{Place, eventually, stderr, stdout};

const GOOD: &str = "[tasks.good]\nshell = \"echo x >> runs; test ! -e broken\"\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n";

fn check(place: &Place, max_age: &str) -> Output {
    place.run(&["check-liveness", "good", "--max-age", max_age])
}

/// The record with another time in it.
fn age_record(place: &Place, utc: &str) {
    let record = place.read("run/good.alive");
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["utc"] = utc.into();
    place.replace("run/good.alive", record.to_string());
}

#[test]
fn each_success_is_recorded_with_host_run_and_both_times() {
    let place = Place::with(&GOOD.replace("50ms", "1day"));
    let runner = place.start(&["tasks::good"]);
    runner.wait_for("Execution successful");
    assert!(eventually(|| check(&place, "1h").status.success()));
    assert_eq!(runner.stop(), Some(0));
    let output = stdout(&check(&place, "1h"));
    assert!(output.starts_with("PASS good: "), "{output}");
    assert!(
        output.contains(" old, at most 1h: tasks::good on "),
        "{output}"
    );
    let record: serde_json::Value = serde_json::from_str(&place.read("run/good.alive")).unwrap();
    let history = stdout(&place.run(&["history", "--json"]));
    let run = record["run"].as_str().unwrap();
    assert!(history.contains(run), "{run}: {history}");
    assert!(record["utc"].as_str().unwrap().ends_with('Z'), "{record}");
    let local = record["local"].as_str().unwrap();
    assert!(local.contains(" +") || local.contains(" -"), "{local}");
    assert!(!record["host"].as_str().unwrap().is_empty(), "{record}");
}

#[test]
fn an_old_success_fails_and_one_that_is_to_come_does_too() {
    let place = Place::with(GOOD);
    let runner = place.start(&["tasks::good"]);
    assert!(eventually(|| check(&place, "1h").status.success()));
    assert_eq!(runner.stop(), Some(0));
    for (utc, words) in [
        ("2020-01-01T00:00:00Z", " old, at most 10m"),
        (
            "2190-01-01T00:00:00Z",
            " ahead of the clock of this machine",
        ),
    ] {
        age_record(&place, utc);
        let output = check(&place, "10m");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = stdout(&output);
        assert!(
            text.starts_with("FAIL good: ") && text.contains(words),
            "{text}"
        );
    }
}

#[test]
fn without_a_success_there_is_no_record_and_nothing_passes() {
    let place = Place::with(GOOD);
    place.write("broken", "");
    let runner = place.start(&["tasks::good"]);
    runner.wait_for_count("Execution failed", 2);
    let named = check(&place, "1h");
    let all = place.run(&["check-liveness", "--max-age", "1h"]);
    assert_eq!(runner.stop(), Some(0));
    for output in [named, all] {
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(stdout(&output).starts_with("FAIL"), "{output:?}");
    }
}

#[test]
fn a_record_that_is_none_fails() {
    for text in ["", "true", "{\"version\":1}"] {
        let place = Place::with(GOOD);
        place.write("run/good.alive", text);
        place.set_mode("run", 0o700);
        let output = check(&place, "1h");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let words = stdout(&output);
        assert!(words.contains("its record cannot be read"), "{words}");
    }
}

#[test]
fn the_oldest_of_several_chains_decides() {
    let place = Place::with(GOOD);
    let runner = place.start(&["tasks::good"]);
    assert!(eventually(|| check(&place, "1h").status.success()));
    assert_eq!(runner.stop(), Some(0));
    let all = || place.run(&["check-liveness", "--max-age", "1h"]);
    assert_eq!(all().status.code(), Some(0));
    let old = place
        .read("run/good.alive")
        .replace("\"utc\":\"2", "\"utc\":\"1");
    place.write("run/other.alive", old);
    let output = all();
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(
        text.contains("PASS good") && text.contains("FAIL other"),
        "{text}"
    );
}

#[test]
fn a_server_that_hangs_delays_no_run_and_its_silence_is_no_pass() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let place = Place::with(&format!(
        "{GOOD}[liveness]\nbackend = \"consul\"\naddress = \"{address}\"\n"
    ));
    let runner = place.start(&["tasks::good"]);
    // A call gives up after 5 s: had a run waited for it, there were none of these yet.
    assert!(eventually(|| place.read("runs").lines().count() >= 20));
    assert!(
        !runner.log().contains("does not reach its server"),
        "{}",
        runner.log()
    );
    runner.wait_for("The record of the last success does not reach its server");
    assert_eq!(runner.stop(), Some(0));
    drop(server);
    // What is fresh here is a success, whatever the server knows.
    let fresh = check(&place, "1h");
    assert_eq!(fresh.status.code(), Some(0), "{fresh:?}");
    assert!(stderr(&fresh).contains("warning: "), "{fresh:?}");
    age_record(&place, "2020-01-01T00:00:00Z");
    assert_eq!(check(&place, "1h").status.code(), Some(69));
}

#[test]
fn wrong_words_are_refused() {
    let place = Place::with(GOOD);
    let output = check(&place, "soon");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`--max-age soon`"), "{output:?}");
    place.configure(&format!("{GOOD}[liveness]\naddress = \"x:1\"\n"));
    let output = place.run(&["check"]);
    assert_eq!(output.status.code(), Some(78));
    let text = stderr(&output);
    assert!(text.contains("run_functions.toml:6:11"), "{text}");
    assert!(
        text.contains("`address` has no effect without a server"),
        "{text}"
    );
}
