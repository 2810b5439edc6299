//! The chain, as a user sees it: order, cooldowns, what a failure does and does not change.

use crate::support::{self, Place};

/// A command that leaves its letter in `order`.
fn letter(letter: char, exit: i32) -> String {
    format!(
        "shell = \"printf {letter} >> order; exit {exit}\"\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\n"
    )
}

#[test]
fn tasks_follow_one_another_and_start_again() {
    let place = Place::with(&format!(
        "[tasks.a]\n{}[tasks.b]\n{}",
        letter('a', 0),
        letter('b', 0)
    ));
    let runner = place.start(&["tasks::a", "tasks::b"]);
    assert!(support::eventually(|| place.read("order").len() >= 6));
    assert_eq!(runner.stop(), Some(0));
    assert!(place.read("order").starts_with("ababab"));
}

#[test]
fn a_failing_task_does_not_end_the_cycle() {
    let place = Place::with(&format!(
        "[tasks.a]\n{}[tasks.b]\n{}",
        letter('a', 1),
        letter('b', 0)
    ));
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for_count("[tasks::b] Execution successful", 2);
    runner.wait_for("[tasks::a] Execution failed: exit 1");
    assert_eq!(runner.stop(), Some(0));
    assert!(place.read("order").starts_with("abab"));
}

#[test]
fn the_dotted_form_of_the_origin_is_accepted() {
    let place = Place::with(&format!("[tasks.a]\n{}", letter('a', 0)));
    let runner = place.start(&["tasks.a"]);
    runner.wait_for("[tasks::a] Execution successful");
    runner.wait_for("[tasks::a] Sleeping 20ms");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn half_a_second_is_not_zero_and_a_day_is_not_zero() {
    let place = Place::with(
        "[tasks.half]\nshell = \"date +%s%N >> times\"\nsuccess_cooldown = \"500ms\"\n\
         [tasks.day]\nshell = \"echo x >> days\"\nsuccess_cooldown = \"1day\"\n",
    );
    let (half, day) = (place.start(&["tasks::half"]), place.start(&["tasks::day"]));
    day.wait_for("[tasks::day] Sleeping 1day");
    assert!(support::eventually(
        || place.read("times").lines().count() >= 4
    ));
    assert_eq!((half.stop(), day.stop()), (Some(0), Some(0)));
    let times: Vec<u128> = place
        .read("times")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(
        times
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= 500_000_000),
        "{times:?}"
    );
    assert_eq!(place.read("days"), "x\n");
}

/// Returns the times between the lines of a file, in milliseconds, once it has so many of them.
fn milliseconds_between(place: &Place, file: &str, lines: usize) -> Vec<u64> {
    assert!(support::eventually(
        || place.read(file).lines().count() >= lines
    ));
    let text = place.read(file);
    let times: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let between = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000);
    between.collect()
}

#[test]
fn an_interval_counts_from_start_to_start_and_an_overrun_is_not_caught_up() {
    let place = Place::with(
        "[tasks.a]\nshell = \"date +%s%N >> times; test $(wc -l < times) -ne 3 || sleep 2\"\n\
         every = \"600ms\"\nfail_cooldown = \"600ms\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    let between = milliseconds_between(&place, "times", 7);
    sleeps_less_than(&runner, 600);
    assert_eq!(runner.stop(), Some(0));
    // What a shell needs to its first line is never the same.
    const JITTER: u64 = 100;
    let (overrun, usual): (Vec<u64>, Vec<u64>) = between.iter().partition(|span| **span >= 2000);
    assert_eq!(overrun.len(), 1, "{between:?}");
    assert!(
        usual.iter().all(|span| *span >= 600 - JITTER),
        "{between:?}"
    );
}

/// Checks that each pause in the log is shorter than so many milliseconds.
fn sleeps_less_than(runner: &support::Runner, limit: u64) {
    let log = runner.log();
    let pauses = log.lines().filter_map(|line| line.split_once("Sleeping "));
    let pauses: Vec<&str> = pauses.map(|(_, pause)| pause.trim()).collect();
    assert!(!pauses.is_empty(), "{log}");
    for pause in pauses {
        let pause = humantime::parse_duration(pause).unwrap();
        assert!(pause.as_millis() < u128::from(limit), "{log}");
    }
}

#[test]
fn a_chain_without_pauses_does_not_spin() {
    for exit in [0, 1] {
        let place = Place::with(&format!(
            "[tasks.a]\nshell = \"date +%s%N >> times; exit {exit}\"\n\
             success_cooldown = \"0s\"\nfail_cooldown = \"0s\"\n"
        ));
        let runner = place.start(&["tasks::a"]);
        let between = milliseconds_between(&place, "times", 11);
        assert_eq!(runner.stop(), Some(0));
        let ten: u64 = between.iter().take(10).sum();
        assert!(ten >= 900, "{between:?}");
    }
}

#[test]
fn both_intervals_from_settings_are_refused_with_their_places() {
    let place =
        Place::with("[tasks.a]\ncommand = [\"true\"]\nevery = \"1h\"\nsuccess_cooldown = \"5m\"\n");
    let output = place.run(&["tasks::a"]);
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("run_functions.toml:4:20"), "{text}");
    assert!(text.contains("exclude each other"), "{text}");
}

#[test]
fn a_task_named_twice_keeps_a_state_for_each() {
    let place = Place::with(&format!(
        "[tasks.a]\nshell = \"printf a >> order; test $(wc -c < order) -gt 1\"\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\n[tasks.b]\n{}",
        letter('b', 0)
    ));
    let runner = place.start(&["tasks::a", "tasks::b", "tasks::a"]);
    assert!(support::eventually(|| place
        .read("order")
        .starts_with("abaaba")));
    assert_eq!(runner.stop(), Some(0));
    // The first `a` failed once; the other one never did, and is not spoken of.
    assert_eq!(
        place.all_subjects(),
        ["[tasks::a] First exception caught: exit 1"]
    );
}

#[test]
fn retry_later_is_neither_success_nor_failure() {
    let place = Place::with(
        "[tasks.a]\nshell = \"exit 75\"\nretry_later_exit_codes = [75]\nsuccess_cooldown = \"20ms\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("[tasks::a] To be tried again later", 3);
    assert_eq!(runner.count("Execution"), 0);
    assert_eq!(runner.stop(), Some(0));
    assert!(place.all_mails().is_empty());
}

#[test]
fn a_fatal_failure_is_mailed_and_stops_the_runner_with_70() {
    let place = Place::with(
        "[tasks.a]\nshell = \"echo the licence has expired; exit 9\"\nfatal_exit_codes = [9]\n",
    );
    let mut runner = place.start(&["tasks::a"]);
    assert_eq!(runner.wait_for_end(), Some(70));
    let expected = "[tasks::a] First exception caught: exit 9: the licence has expired";
    assert_eq!(place.all_subjects(), [expected]);
}
