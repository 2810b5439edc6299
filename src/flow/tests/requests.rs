//! What requests do, one test for each promise.

use super::make::{definition, job, nodes, parallel, plain, plan, played, sequence, step, terms};
use crate::flow::definition::{FlowDefinition, Group, OnFailure, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{ChosenEnds, FlowDecision, FlowNext, FlowState, Intervention, PlayTerms, play};

fn script() -> ChosenEnds {
    ChosenEnds::default()
}

fn abc() -> FlowDefinition {
    job(nodes![step("a"), step("b"), step("c")])
}

#[test]
fn stop_lets_the_step_end_then_reverts() {
    let ends = script().requested(EntryOutcome::Stop, "b", 1);
    assert_eq!(played(abc(), ends), "a b -b -a: cancelled");
}

#[test]
fn a_stop_does_not_wait_for_the_next_try() {
    let a = Step {
        retry: terms(2, 3_600),
        ..step("a")
    };
    let list = plan(job(nodes![a]));
    let mut ends = script().fails("a", 1);
    let journal = play(&list, PlayTerms::default(), &mut ends).journal;
    let mut state = FlowState::of(&list, 0, journal.first(), &[]);
    let now = journal[0].ended + 1_000;
    let waits = state.advise(now, 1, "w").next;
    assert!(matches!(waits, FlowNext::GiveBack { .. }), "{waits:?}");
    state.note(&FlowDecision::request(EntryOutcome::Stop, "", now), 1, "w");
    let begun = state.advise(now, 1, "w").begin;
    assert_eq!((begun.len(), begun[0].phase), (1, Phase::Revert));
}

#[test]
fn kill_ends_the_step_now_then_reverts() {
    let ends = script().requested(EntryOutcome::Kill, "b", 1);
    assert_eq!(played(abc(), ends), "a b# -b -a: cancelled");
}

#[test]
fn stop_without_reverts_leaves_what_was_done() {
    let ends = script().requested(EntryOutcome::StopNoRevert, "b", 1);
    assert_eq!(played(abc(), ends), "a b: cancelled");
}

#[test]
fn a_stop_that_takes_too_long_becomes_a_kill() {
    let ends = script()
        .requested(EntryOutcome::Stop, "b", 1)
        .requested(EntryOutcome::Kill, "b", 1);
    assert_eq!(played(abc(), ends), "a b# -b -a: cancelled");
    let ends = script()
        .requested(EntryOutcome::StopNoRevert, "b", 1)
        .requested(EntryOutcome::Kill, "b", 1);
    assert_eq!(played(abc(), ends), "a b#: cancelled");
}

#[test]
fn a_cancel_outlives_a_crash() {
    let ends = script().requested(EntryOutcome::Stop, "b", 1).meanwhile(
        "b",
        Phase::Execute,
        1,
        Intervention::Crash,
    );
    assert_eq!(played(abc(), ends), "a b~ -b -a: cancelled");
}

#[test]
fn during_a_revert_stop_changes_nothing() {
    let stop = Intervention::Request(EntryOutcome::Stop, String::new());
    let ends = script()
        .fails("b", 1)
        .meanwhile("b", Phase::Revert, 1, stop);
    assert_eq!(played(abc(), ends), "a b! -b -a: reverted");
}

#[test]
fn during_a_revert_kill_ends_that_attempt_and_the_job_is_stuck() {
    let kill = Intervention::Request(EntryOutcome::Kill, String::new());
    let ends = || {
        script()
            .fails("b", 1)
            .meanwhile("b", Phase::Revert, 1, kill.clone())
    };
    assert_eq!(played(abc(), ends()), "a b! -b#: stuck");
    let then = |outcome, step| played(abc(), ends().then_requested(outcome, step));
    assert_eq!(then(EntryOutcome::Retry, ""), "a b! -b# -b -a: reverted");
    assert_eq!(then(EntryOutcome::Revert, ""), "a b! -b# -b -a: reverted");
    assert_eq!(then(EntryOutcome::Skipped, "b"), "a b! -b# -a: reverted");
    assert_eq!(then(EntryOutcome::Cancel, ""), "a b! -b#: cancelled");
}

#[test]
fn pause_begins_nothing_until_resume() {
    let ends = script()
        .requested(EntryOutcome::Pause, "b", 1)
        .then_requested(EntryOutcome::Resume, "");
    assert_eq!(played(abc(), ends), "a b c: succeeded");
    let ends = script().requested(EntryOutcome::Pause, "b", 1);
    assert_eq!(played(abc(), ends), "a b: paused");
    let ends = script()
        .requested(EntryOutcome::Pause, "b", 1)
        .then_requested(EntryOutcome::Stop, "");
    assert_eq!(played(abc(), ends), "a b -b -a: cancelled");
}

#[test]
fn a_job_that_ended_is_not_paused() {
    let ends = script().requested(EntryOutcome::Pause, "c", 1);
    assert_eq!(played(abc(), ends), "a b c: succeeded");
}

#[test]
fn a_failed_job_goes_on_where_it_failed() {
    let list = || job(nodes![plain("a"), plain("b"), plain("c")]);
    let ends = |times| script().fails("b", times);
    let then = ends(1).then_requested(EntryOutcome::Retry, "");
    assert_eq!(played(list(), then), "a b! b c: succeeded");
    let then = ends(1).then_requested(EntryOutcome::Retry, "a");
    assert_eq!(played(list(), then), "a b! a b c: succeeded");
    let then = ends(1).then_requested(EntryOutcome::Skipped, "b");
    assert_eq!(played(list(), then), "a b! c: succeeded");
    let then = ends(1).then_requested(EntryOutcome::Cancel, "");
    assert_eq!(played(list(), then), "a b!: cancelled");
}

#[test]
fn a_retry_counts_attempts_anew() {
    let b = Step {
        retry: terms(2, 0),
        ..plain("b")
    };
    let list = job(nodes![plain("a"), b]);
    let ends = script()
        .fails("b", 3)
        .then_requested(EntryOutcome::Retry, "");
    assert_eq!(played(list, ends), "a b! b! b! b: succeeded");
}

#[test]
fn a_stopped_job_is_reverted_on_request() {
    let list = definition(Group {
        on_failure: Some(OnFailure::Stop),
        ..sequence("", nodes![step("a"), step("b")])
    });
    let ends = script()
        .fails("b", 1)
        .then_requested(EntryOutcome::Revert, "");
    assert_eq!(played(list, ends), "a b! -b -a: reverted");
}

#[test]
fn a_stuck_revert_is_tried_again_or_was_undone_by_hand() {
    let ends = || script().fails("b", 1).revert_fails("b", 5);
    let stuck = "a b! -b! -b! -b! -b! -b!";
    let then = |outcome, step| played(abc(), ends().then_requested(outcome, step));
    assert_eq!(
        then(EntryOutcome::Retry, ""),
        format!("{stuck} -b -a: reverted")
    );
    assert_eq!(
        then(EntryOutcome::Skipped, "b"),
        format!("{stuck} -a: reverted")
    );
    // What was done before stays done.
    assert_eq!(
        then(EntryOutcome::Retry, "b"),
        format!("{stuck} b c: succeeded")
    );
}

#[test]
fn a_retry_from_a_step_executes_all_that_comes_after_it() {
    let group = parallel("g", nodes![plain("x"), plain("y")]);
    let list = job(nodes![plain("a"), group, plain("z")]);
    let ends = script()
        .fails("z", 1)
        .then_requested(EntryOutcome::Retry, "x");
    assert_eq!(played(list, ends), "a x y z! x z: succeeded");
}

#[test]
fn a_revert_of_a_round_that_is_stuck_goes_on_with_the_round() {
    let group = Group {
        retry: terms(2, 0),
        ..sequence("g", nodes![step("a"), step("b")])
    };
    let list = || job(nodes![group.clone()]);
    let ends = || script().fails("b", 1).revert_fails("a", 5);
    let stuck = "a b! -b -a! -a! -a! -a! -a!";
    let then = |outcome, step| played(list(), ends().then_requested(outcome, step));
    assert_eq!(
        then(EntryOutcome::Retry, ""),
        format!("{stuck} -a round g a b: succeeded")
    );
    assert_eq!(
        then(EntryOutcome::Skipped, "a"),
        format!("{stuck} round g a b: succeeded")
    );
}
