//! What happens to those who wait, and to the runner that they have asked.

use std::fs;

use super::*;
use crate::core::exit;

/// Starts a runner and its heir. Returns both when the heir has asked for the chain.
fn asked_by_an_heir(ground: &Ground, runner: &Manner, heir: &Manner) -> (Starter, Starter) {
    let runner = ground.runner(runner);
    let heir = ground.start(heir);
    ground.await_line(&format!("asked {}", runner.pid()));
    (runner, heir)
}

#[test]
fn an_heir_of_other_tasks_is_not_signalled_either() {
    let ground = Ground::new();
    let manner = Manner {
        tasks: "a::x",
        ..slow()
    };
    let (mut runner, mut heir) = asked_by_an_heir(&ground, &manner, &manner);
    // Nothing but the heir tells of the tasks now.
    fs::remove_file(ground.path("x.state")).unwrap();
    let attempt = Attempt::of(&ground, &["b::x"], &patient());
    assert_eq!(attempt.exit_code(), exit::OTHER_CHAIN);
    assert!(
        attempt.error().contains(&heir.pid().to_string()),
        "{}",
        attempt.error()
    );
    ground.go();
    assert_eq!(runner.end(), Some(0));
    ground.await_line(&format!("start {}", heir.pid()));
    assert!(!heir.has_ended());
}

#[test]
fn the_latest_started_wins_and_the_heir_before_it_leaves_cleanly() {
    let ground = Ground::new();
    let (mut runner, mut heir) = asked_by_an_heir(&ground, &slow(), &Manner::default());
    let latest = ground.start(&Manner::default());
    assert_eq!(heir.end(), Some(0));
    ground.go();
    assert_eq!(runner.end(), Some(0));
    ground.await_line(&format!("start {}", latest.pid()));
    assert!(!ground.lines().contains(&format!("start {}", heir.pid())));
}

#[test]
fn a_runner_goes_on_when_the_heir_that_asked_it_was_killed() {
    let ground = Ground::new();
    let (mut runner, mut heir) = asked_by_an_heir(&ground, &slow(), &Manner::default());
    heir.signal(Number::SIGKILL);
    heir.end();
    ground.go();
    ground.await_line(&format!("on {}", runner.pid()));
    assert!(!runner.has_ended());
    // It is as good a runner as before.
    assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
}

#[test]
fn what_a_person_has_asked_for_is_not_taken_back_with_an_heir() {
    let ground = Ground::new();
    let (mut runner, mut heir) = asked_by_an_heir(&ground, &slow(), &Manner::default());
    heir.signal(Number::SIGKILL);
    heir.end();
    runner.signal(Number::SIGTERM);
    ground.go();
    assert_eq!(runner.end(), Some(0));
}

#[test]
fn a_newcomer_that_is_told_to_stop_while_it_waits_stops() {
    let ground = Ground::new();
    let (mut runner, mut heir) = asked_by_an_heir(&ground, &slow(), &Manner::default());
    heir.signal(Number::SIGTERM);
    assert_eq!(heir.end(), Some(0));
    ground.go();
    ground.await_line(&format!("on {}", runner.pid()));
    assert!(!runner.has_ended());
}
