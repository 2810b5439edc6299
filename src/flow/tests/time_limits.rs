//! What follows when the time of a job is over.

use super::make::{job, nodes, plain, plan, step};
use crate::flow::definition::{FlowDefinition, Group, OnFailure};
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};
use crate::flow::{FlowDecision, FlowEnd, FlowNext, FlowState};

const NOW: i64 = 10_000;

fn entry(seq: u64, step: &str, phase: Phase, outcome: EntryOutcome) -> JournalEntry {
    let decision = FlowDecision {
        step: step.to_owned(),
        phase,
        attempt: 1,
        outcome,
        error: None,
        at: NOW,
    };
    decision.entry(seq, 1, "w")
}

/// A job of two steps, the first done, the second in progress, whose time is over.
fn timed(definition: FlowDefinition) -> FlowState {
    let done = entry(1, "a", Phase::Execute, EntryOutcome::Succeeded);
    let doing = Doing {
        step: "b".to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        since: NOW,
    };
    let mut state = FlowState::of(&plan(definition), 0, [&done], &[doing]);
    let over = state.time_is_over("1h", NOW).unwrap();
    assert_eq!(over.error.as_deref(), Some("its time limit of 1h is over"));
    state.note(&over, 1, "w");
    assert_eq!(state.to_kill(), ["b"]);
    assert_eq!(state.time_is_over("1h", NOW), None, "once");
    assert!(
        state.advise(NOW, 4, "w").begin.is_empty(),
        "b is in progress"
    );
    state.apply(&entry(3, "b", Phase::Execute, EntryOutcome::Killed));
    state
}

#[test]
fn what_was_done_is_undone_and_that_takes_the_time_it_needs() {
    let mut state = timed(job(nodes![step("a"), step("b")]));
    for (seq, step) in [(4, "b"), (5, "a")] {
        let advice = state.advise(NOW, 4, "w");
        assert_eq!(
            (advice.begin[0].step.as_str(), advice.begin[0].phase),
            (step, Phase::Revert)
        );
        assert!(advice.kill.is_empty());
        state.apply(&entry(seq, step, Phase::Revert, EntryOutcome::Succeeded));
    }
    assert_eq!(
        state.advise(NOW, 4, "w").next,
        FlowNext::End(FlowEnd::Reverted)
    );
}

#[test]
fn without_reverts_or_with_a_stop_the_job_fails() {
    let plain = timed(job(nodes![plain("a"), plain("b")]));
    assert_eq!(
        plain.advise(NOW, 4, "w").next,
        FlowNext::End(FlowEnd::Failed)
    );
    for on_failure in [OnFailure::Stop, OnFailure::Continue] {
        let definition = job(nodes![step("a"), step("b")]);
        let definition = FlowDefinition {
            root: Group {
                on_failure: Some(on_failure),
                ..definition.root
            },
            ..definition
        };
        let state = timed(definition);
        assert_eq!(
            state.advise(NOW, 4, "w").next,
            FlowNext::End(FlowEnd::Failed)
        );
    }
}

#[test]
fn a_retry_of_a_person_goes_on_at_the_step() {
    let mut state = timed(job(nodes![plain("a"), plain("b")]));
    state.note(
        &FlowDecision::request(EntryOutcome::Retry, "", NOW + 1),
        1,
        "w",
    );
    let begun = state.advise(NOW + 1, 4, "w").begin;
    assert_eq!((begun.len(), begun[0].step.as_str()), (1, "b"));
    assert!(state.time_is_over("1h", NOW).is_some());
}
