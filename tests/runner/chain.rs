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
