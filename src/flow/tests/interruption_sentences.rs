//! The sentences about what crashes, kills and new definitions interrupt, one test each.

use super::make::{job, nodes, plain, plan, played, step, terms};
use super::sentences::script;
use crate::flow::definition::{Interrupted, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{FlowDecision, FlowEnd, FlowNext, FlowState, PlayTerms, play};

#[test]
fn no_crash_asks_again_whether_to_skip() {
    let skipped = Step {
        has_when: true,
        ..step("a")
    };
    let list = job(nodes![skipped, step("b")]);
    let ends = script()
        .ends("a", Phase::When, &[EntryOutcome::Skipped])
        .crashes("b", Phase::Execute, 1);
    assert_eq!(played(list, ends), "?a/ b~ b: succeeded");
}

fn interrupted(kind: Interrupted) -> crate::flow::definition::FlowDefinition {
    let b = Step {
        interrupted: kind,
        ..step("b")
    };
    job(nodes![step("a"), b, step("c")])
}

#[test]
fn what_a_crash_interrupted_runs_again_and_counts_no_attempt() {
    let ends = script()
        .crashes("b", Phase::Execute, 1)
        .crashes("b", Phase::Execute, 2);
    let expected = "a b~ b~ b c: succeeded";
    assert_eq!(played(interrupted(Interrupted::Again), ends), expected);
}

#[test]
fn a_check_finds_out_whether_what_was_interrupted_was_done() {
    let ends = || script().crashes("b", Phase::Execute, 1);
    let check = |outcome| ends().ends("b", Phase::Check, &[outcome]);
    let list = || interrupted(Interrupted::Check);
    assert_eq!(played(list(), ends()), "a b~ =b c: succeeded");
    assert_eq!(
        played(list(), check(EntryOutcome::Skipped)),
        "a b~ =b/ b c: succeeded"
    );
    assert_eq!(
        played(list(), check(EntryOutcome::Failed)),
        "a b~ =b!: stuck"
    );
}

#[test]
fn each_interruption_has_its_own_checks() {
    let b = Step {
        interrupted: Interrupted::Check,
        retry: terms(2, 1),
        ..step("b")
    };
    let list = job(nodes![b]);
    use EntryOutcome::{Failed, Skipped, Succeeded};
    let ends = script()
        .crashes("b", Phase::Execute, 1)
        .crashes("b", Phase::Execute, 2)
        .ends("b", Phase::Check, &[Failed, Skipped, Failed, Succeeded]);
    assert_eq!(played(list, ends), "b~ =b! =b/ b~ =b! =b: succeeded");
}

#[test]
fn what_was_killed_is_not_tried_again() {
    let a = Step {
        retry: terms(3, 0),
        ..step("a")
    };
    let ends = script().ends("a", Phase::Execute, &[EntryOutcome::Killed]);
    assert_eq!(played(job(nodes![a]), ends), "a# -a: reverted");
}

#[test]
fn what_was_interrupted_is_reverted_then_runs_again() {
    let ends = script().crashes("b", Phase::Execute, 1);
    let expected = "a b~ -b b c: succeeded";
    assert_eq!(played(interrupted(Interrupted::Revert), ends), expected);
}

#[test]
fn what_was_interrupted_holds_the_job() {
    let ends = || script().crashes("b", Phase::Execute, 1);
    let list = || interrupted(Interrupted::Hold);
    assert_eq!(played(list(), ends()), "a b~: stuck");
    let then = |outcome, step| played(list(), ends().then_requested(outcome, step));
    assert_eq!(then(EntryOutcome::Retry, ""), "a b~ b c: succeeded");
    assert_eq!(then(EntryOutcome::Skipped, "b"), "a b~ c: succeeded");
    assert_eq!(then(EntryOutcome::Revert, ""), "a b~ -b -a: reverted");
    assert_eq!(then(EntryOutcome::Cancel, ""), "a b~: cancelled");
}

#[test]
fn a_step_that_was_done_and_that_no_program_has_makes_the_job_stuck() {
    let old = plan(job(nodes![step("gone"), step("a"), step("b")]));
    let mut ends = script().fails("b", 1);
    let journal = play(&old, PlayTerms::default(), &mut ends).journal;
    let new = plan(job(nodes![step("a"), step("b")]));
    let done = journal
        .iter()
        .take_while(|entry| entry.step != "gone" || entry.phase == Phase::Execute);
    let state = FlowState::of(&new, 0, done, &[]);
    let FlowNext::End(FlowEnd::Stuck { step, reason }) = state.advise(0, 1, "w").next else {
        panic!("the job is stuck");
    };
    assert_eq!(step, "gone");
    assert!(
        reason.contains("no step of that name to revert"),
        "{reason}"
    );
    // A person has undone it by hand.
    let mut state = state;
    state.note(
        &FlowDecision::request(EntryOutcome::Skipped, "gone", 0),
        2,
        "w",
    );
    let next = state.advise(0, 1, "w").next;
    assert_eq!(next, FlowNext::End(FlowEnd::Reverted));
}

#[test]
fn a_restart_on_another_host_begins_at_the_first_step_without_reverts() {
    let list = plan(job(nodes![step("a"), step("b"), plain("c")]));
    let mut ends = script().crashes("c", Phase::Execute, 1);
    let journal = play(&list, PlayTerms::default(), &mut ends).journal;
    let until_crash = journal.iter().take(3);
    let mut state = FlowState::of(&list, 0, until_crash, &[]);
    let entry = state.note(&state.restart(0), 2, "elsewhere");
    assert_eq!((entry.seq, entry.attempt), (4, 2));
    let advice = state.advise(0, 4, "elsewhere");
    let begun: Vec<&str> = advice.begin.iter().map(|start| &*start.step).collect();
    assert_eq!(begun, ["a"]);
    // What was done there is still to be reverted when the job is stopped here.
    state.note(
        &FlowDecision::request(EntryOutcome::Stop, "", 0),
        2,
        "elsewhere",
    );
    let advice = state.advise(0, 4, "elsewhere");
    let first = advice.begin.first().expect("a revert");
    assert_eq!((&*first.step, first.phase), ("b", Phase::Revert));
}

#[test]
fn no_newer_definition_takes_a_decision_back() {
    let times = |times| {
        let b = Step {
            retry: terms(times, 0),
            ..step("b")
        };
        plan(job(nodes![step("a"), b]))
    };
    let mut ends = script().fails("b", 9);
    let journal = play(&times(1), PlayTerms::default(), &mut ends).journal;
    let decided = journal
        .iter()
        .position(|entry| entry.phase == Phase::Decision);
    let decided = decided.expect("a decision");
    let begun = |length| {
        let state = FlowState::of(&times(3), 0, &journal[..length], &[]);
        state
            .advise(journal[decided].ended, 1, "w")
            .begin
            .remove(0)
            .phase
    };
    assert_eq!(begun(decided), Phase::Execute);
    assert_eq!(begun(decided + 1), Phase::Revert);
}
