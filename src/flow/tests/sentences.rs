//! The sentences of the board's design about flows, one test each.

use serde_json::json;

use super::make::{
    definition, history, job, names, nodes, parallel, plain, plan, played, sequence, step,
};
use crate::flow::definition::{Group, OnFailure, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{
    ChosenEnds, FlowEnd, FlowEvent, FlowHistory, FlowNext, FlowState, PlayTerms, play,
};

pub(super) const SECOND: i64 = 1_000;

pub(super) fn script() -> ChosenEnds {
    ChosenEnds::default()
}

/// Returns the names of what began at each moment, in order.
pub(super) fn begun(history: &FlowHistory) -> Vec<(i64, Vec<String>)> {
    let mut moments: Vec<(i64, Vec<String>)> = Vec::new();
    for event in &history.events {
        let FlowEvent::Began { at, attempt } = event else {
            continue;
        };
        let at = (at - crate::flow::playback::PLAYED_AT) / SECOND;
        match moments.last_mut() {
            Some((last, names)) if *last == at => names.push(attempt.step.clone()),
            _ => moments.push((at, vec![attempt.step.clone()])),
        }
    }
    moments
}

/// Returns the waits between the end of each execution of a step and the next beginning.
pub(super) fn waits(history: &FlowHistory, step: &str, phase: Phase) -> Vec<i64> {
    let entries = history.journal.iter();
    let entries: Vec<_> = entries
        .filter(|entry| entry.step == step && entry.phase == phase)
        .collect();
    let pairs = entries.windows(2);
    pairs.map(|pair| pair[1].started - pair[0].ended).collect()
}

#[test]
fn steps_run_in_sequence_unless_they_are_parallel() {
    let in_sequence = job(nodes![step("a"), step("b"), step("c")]);
    assert_eq!(played(in_sequence, script()), "a b c: succeeded");
    let beside = definition(parallel("", nodes![step("a"), step("b"), step("c")]));
    let began = begun(&history(beside, script()));
    assert_eq!(began, [(0, names(&["a", "b", "c"]))]);
}

#[test]
fn after_makes_a_graph_within_a_list() {
    let after = |name: &str, after: &[&str]| Step {
        after: names(after),
        ..step(name)
    };
    let graph = parallel(
        "",
        nodes![
            step("a"),
            step("b"),
            after("c", &["a"]),
            after("d", &["b", "c"])
        ],
    );
    let began = begun(&history(definition(graph), script().takes("b", 5_000)));
    let expected = [
        (0, names(&["a", "b"])),
        (1, names(&["c"])),
        (5, names(&["d"])),
    ];
    assert_eq!(began, expected);
}

#[test]
fn in_a_sequence_a_step_with_after_waits_for_that_alone_and_the_next_for_all() {
    let c = Step {
        after: names(&["a"]),
        ..step("c")
    };
    let list = job(nodes![step("a"), step("b"), c, step("d")]);
    let began = begun(&history(list, script()));
    let expected = [
        (0, names(&["a"])),
        (1, names(&["b", "c"])),
        (2, names(&["d"])),
    ];
    assert_eq!(began, expected);
}

#[test]
fn each_step_in_progress_takes_a_slot() {
    let beside = plan(definition(parallel(
        "",
        nodes![step("a"), step("b"), step("c")],
    )));
    let terms = PlayTerms {
        slots: 2,
        ..PlayTerms::default()
    };
    let began = begun(&play(&beside, terms, &mut script()));
    assert_eq!(began, [(0, names(&["a", "b"])), (1, names(&["c"]))]);
}

#[test]
fn after_a_failure_what_was_executed_is_reverted_in_reverse() {
    let list = job(nodes![step("a"), step("b"), step("c"), step("d")]);
    let expected = "a b c! -c -b -a: reverted";
    assert_eq!(played(list, script().fails("c", 1)), expected);
}

#[test]
fn siblings_in_progress_finish_before_anything_is_reverted() {
    let beside = definition(parallel(
        "",
        nodes![step("slow"), step("bad"), step("quick")],
    ));
    let ends = script()
        .fails("bad", 1)
        .takes("slow", 9_000)
        .takes("quick", 500);
    let history = history(beside, ends);
    assert_eq!(history.in_short(), "quick bad! slow -slow -bad -quick");
    let began = begun(&history);
    assert_eq!(
        began[1..],
        [
            (9, names(&["slow"])),
            (18, names(&["bad"])),
            (19, names(&["quick"]))
        ]
    );
}

#[test]
fn skipped_steps_and_those_without_a_revert_are_passed_over() {
    let asked = Step {
        has_when: true,
        ..step("asked")
    };
    let list = job(nodes![step("a"), asked, plain("b"), step("c")]);
    let ends = script()
        .ends("asked", Phase::When, &[EntryOutcome::Skipped])
        .fails("c", 1);
    assert_eq!(played(list, ends), "a ?asked/ b c! -c -a: reverted");
}

#[test]
fn a_revert_is_given_the_result_or_the_error() {
    let list = plan(job(nodes![step("a"), step("b")]));
    let mut ends = script().gives("a", json!({"file": "x"})).fails("b", 1);
    let history = play(&list, PlayTerms::default(), &mut ends);
    let before_reverts = history.journal.iter().take(3);
    let state = FlowState::of(&list, 0, before_reverts, &[]);
    let known = |name| state.step(name).expect("a step of the list");
    assert_eq!(known("a").result, Some(json!({"file": "x"})));
    assert_eq!(known("b").error.as_deref(), Some("it failed"));
}

#[test]
fn a_revert_is_tried_five_times_then_the_job_is_stuck() {
    let list = || job(nodes![step("a"), step("b")]);
    let ends = || script().fails("b", 1);
    let expected = "a b! -b -a! -a! -a! -a! -a: reverted";
    assert_eq!(played(list(), ends().revert_fails("a", 4)), expected);
    let history = history(list(), ends().revert_fails("a", 5));
    let stuck = FlowEnd::Stuck {
        step: "a".to_owned(),
        reason: "the revert of `a` failed 5 times".to_owned(),
    };
    assert_eq!(history.end, Some(stuck));
    let waits = waits(&history, "a", Phase::Revert);
    let expected = [10, 20, 40, 80];
    for (wait, secs) in waits.iter().zip(expected) {
        assert!(
            (wait - secs * SECOND).abs() <= secs * 100,
            "{wait} is not {secs} s"
        );
    }
    assert_eq!(waits.len(), 4);
}

#[test]
fn an_interrupted_revert_runs_again_always() {
    let list = job(nodes![step("a"), step("b")]);
    let mut ends = script().fails("b", 1);
    for number in 1..=7 {
        ends = ends.crashes("a", Phase::Revert, number);
    }
    let expected = "a b! -b -a~ -a~ -a~ -a~ -a~ -a~ -a~ -a: reverted";
    assert_eq!(played(list, ends), expected);
}

#[test]
fn the_answer_to_a_failure_is_looked_for_from_within() {
    let on = |on_failure, step: Step| Step {
        on_failure: Some(on_failure),
        ..step
    };
    let group = |answer, step: Step| Group {
        on_failure: answer,
        ..sequence("group", nodes![step])
    };
    let whole = |answer, group: Group| {
        definition(Group {
            on_failure: answer,
            ..sequence("", nodes![step("a"), group, step("z")])
        })
    };
    use OnFailure::{Continue, Revert, Stop};
    let cases = [
        (None, None, None, "a x! -x -a: reverted"),
        (Some(Stop), None, None, "a x!: failed"),
        (Some(Stop), Some(Continue), None, "a x! z: succeeded"),
        (
            Some(Stop),
            Some(Continue),
            Some(Revert),
            "a x! -x -a: reverted",
        ),
        (None, Some(Stop), None, "a x!: failed"),
        (
            Some(Revert),
            Some(Stop),
            Some(Continue),
            "a x! z: succeeded",
        ),
    ];
    for (of_job, of_group, of_step, expected) in cases {
        let inner = of_step.map_or(step("x"), |answer| on(answer, step("x")));
        let list = whole(of_job, group(of_group, inner));
        assert_eq!(played(list, script().fails("x", 1)), expected, "{of_job:?}");
    }
}

#[test]
fn without_any_revert_a_failure_stops_the_job() {
    let list = job(nodes![plain("a"), plain("b"), plain("c")]);
    assert_eq!(played(list, script().fails("b", 1)), "a b!: failed");
}

#[test]
fn a_job_of_which_nothing_could_be_reverted_has_failed() {
    let list = job(nodes![plain("a"), step("b")]);
    assert_eq!(played(list, script().fails("a", 1)), "a!: failed");
}

#[test]
fn a_failure_that_is_passed_over_is_reverted_when_another_one_is_not() {
    let a = Step {
        on_failure: Some(OnFailure::Continue),
        ..step("a")
    };
    let list = job(nodes![a, step("b")]);
    let ends = script().fails("a", 1).fails("b", 1);
    assert_eq!(played(list, ends), "a! b! -b -a: reverted");
}

#[test]
fn when_runs_skips_or_fails() {
    let list = || {
        let b = Step {
            has_when: true,
            ..step("b")
        };
        job(nodes![step("a"), b, step("c")])
    };
    let when = |outcome| script().ends("b", Phase::When, &[outcome]);
    assert_eq!(
        played(list(), when(EntryOutcome::Succeeded)),
        "a ?b b c: succeeded"
    );
    assert_eq!(
        played(list(), when(EntryOutcome::Skipped)),
        "a ?b/ c: succeeded"
    );
    assert_eq!(
        played(list(), when(EntryOutcome::Failed)),
        "a ?b! -a: reverted"
    );
}

#[test]
fn results_are_those_of_steps_that_have_ended() {
    let skipped = Step {
        has_when: true,
        ..plain("b")
    };
    let list = plan(job(nodes![plain("a"), skipped, plain("c"), plain("d")]));
    let mut ends = script()
        .gives("a", json!(1))
        .gives("c", json!({"file": "x"}))
        .fails("d", 1)
        .ends("b", Phase::When, &[EntryOutcome::Skipped]);
    let journal = play(&list, PlayTerms::default(), &mut ends).journal;
    let state = FlowState::of(&list, 0, &journal, &[]);
    let results: Vec<(&str, String)> = state
        .results()
        .map(|(name, result)| (name, result.to_string()))
        .collect();
    assert_eq!(
        results,
        [("a", "1".to_owned()), ("c", r#"{"file":"x"}"#.to_owned())]
    );
    assert_eq!(state.last_result(), Some(&json!({"file": "x"})));
    assert_eq!(state.result("d"), None);
    assert_eq!(state.result("unknown"), None);
}

#[test]
fn state_follows_the_name() {
    let old = plan(job(nodes![step("a"), step("b"), step("c")]));
    let journal = play(&old, PlayTerms::default(), &mut script()).journal;
    let group = sequence("g", nodes![step("new"), step("a")]);
    let new = plan(job(nodes![step("b"), group, step("c")]));
    let state = FlowState::of(&new, 0, &journal[..2], &[]);
    let begun = state.advise(0, 4, "w").begin;
    let names: Vec<&str> = begun.iter().map(|start| &*start.step).collect();
    assert_eq!(names, ["new"]);
}

#[test]
fn sixteen_attempts_at_most_are_in_progress() {
    let steps = (0..20).map(|at| step(&format!("s{at}")).into()).collect();
    let list = plan(definition(parallel("", steps)));
    let mut state = FlowState::new(&list, 0);
    let advice = state.advise(0, 50, "w");
    assert_eq!(advice.begin.len(), 16);
    state.follow(&advice, 0, 1, "w");
    let advice = state.advise(0, 50, "w");
    assert_eq!(
        (advice.begin.len(), advice.next),
        (0, FlowNext::Wait { until: None })
    );
}
