//! The sentences of the board's design about flows, one test each.

use serde_json::json;

use super::make::{
    definition, history, job, names, nodes, parallel, plain, plan, played, sequence, step, terms,
};
use crate::flow::definition::{Group, Interrupted, OnFailure, RetryTerms, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{
    ChosenEnds, FlowDecision, FlowEnd, FlowEvent, FlowHistory, FlowNext, FlowState, Intervention,
    PlayTerms, play,
};

const SECOND: i64 = 1_000;

fn script() -> ChosenEnds {
    ChosenEnds::default()
}

/// Returns the names of what began at each moment, in order.
fn begun(history: &FlowHistory) -> Vec<(i64, Vec<String>)> {
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
fn waits(history: &FlowHistory, step: &str, phase: Phase) -> Vec<i64> {
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
fn times_counts_executions_and_waits_grow_with_a_jitter() {
    let retry = RetryTerms {
        factor: 2.0,
        max: std::time::Duration::from_secs(30),
        ..terms(5, 10)
    };
    let list = || {
        job(nodes![Step {
            retry,
            ..plain("a")
        }])
    };
    let history = history(list(), script().fails("a", 9));
    assert_eq!(history.in_short(), "a! a! a! a! a!");
    let waits = waits(&history, "a", Phase::Execute);
    for (wait, secs) in waits.iter().zip([10, 20, 30, 30]) {
        assert!(
            (wait - secs * SECOND).abs() <= secs * 100,
            "{wait} is not {secs} s"
        );
        assert!(*wait <= 30 * SECOND, "{wait}");
    }
    assert_eq!(waits.len(), 4);
    let of_seed = |seed| {
        let terms = PlayTerms {
            seed,
            ..PlayTerms::default()
        };
        play(&plan(list()), terms, &mut script().fails("a", 9)).journal
    };
    assert_eq!(of_seed(1), of_seed(1));
    assert_ne!(of_seed(1), of_seed(2));
}

#[test]
fn a_retry_of_a_group_reverts_its_executions_and_counts_anew() {
    let bad = Step {
        retry: terms(2, 1),
        ..step("b")
    };
    let group = Group {
        retry: terms(2, 1),
        ..sequence("g", nodes![step("a"), bad])
    };
    let list = job(nodes![step("first"), group, step("last")]);
    let expected = "first a b! b! -b -a round g a b! b last: succeeded";
    assert_eq!(played(list.clone(), script().fails("b", 3)), expected);
    let expected = "first a b! b! -b -a round g a b! b! -b -a -first: reverted";
    assert_eq!(played(list, script().fails("b", 9)), expected);
}

#[test]
fn what_is_beside_a_group_goes_on_while_the_group_is_reverted() {
    let group = Group {
        retry: terms(2, 0),
        ..sequence("g", nodes![step("a"), step("b")])
    };
    let other = sequence("h", nodes![step("x"), step("y"), step("z"), step("w")]);
    let list = definition(parallel("", nodes![group, other]));
    let expected = "a x b! y -b z -a round g w a b: succeeded";
    assert_eq!(played(list, script().fails("b", 1)), expected);
}

#[test]
fn try_each_takes_the_next_value_until_one_succeeds() {
    let mirrors = Step {
        try_each: vec![json!("de"), json!("fr"), json!("nl")],
        ..step("fetch")
    };
    let list = || job(nodes![mirrors.clone()]);
    let history = history(list(), script().fails("fetch", 2));
    let values = history.events.iter().filter_map(|event| match event {
        FlowEvent::Began { attempt, .. } => Some(attempt.each),
        _ => None,
    });
    let values: Vec<Option<usize>> = values.collect();
    assert_eq!(values, [Some(0), Some(1), Some(2)]);
    let expected = "fetch! fetch! fetch! -fetch: reverted";
    assert_eq!(played(list(), script().fails("fetch", 3)), expected);
}

#[test]
fn a_wait_longer_than_five_seconds_gives_the_job_back() {
    let gave_back = |secs| {
        let retry = terms(2, secs);
        let list = job(nodes![Step {
            retry,
            ..plain("a")
        }]);
        let history = history(list, script().fails("a", 1));
        let found = history
            .events
            .iter()
            .any(|event| matches!(event, FlowEvent::GaveBack { .. }));
        (found, history.end)
    };
    assert_eq!(gave_back(4), (false, Some(FlowEnd::Succeeded)));
    assert_eq!(gave_back(6), (true, Some(FlowEnd::Succeeded)));
}

#[test]
fn elsewhere_is_tried_by_another_worker_until_none_is_left() {
    let list = plan(job(nodes![Step {
        elsewhere: true,
        retry: terms(9, 0),
        ..plain("a")
    }]));
    let by_workers = |workers, fails| {
        let terms = PlayTerms {
            workers,
            ..PlayTerms::default()
        };
        let history = play(&list, terms, &mut script().fails("a", fails));
        let executed = history
            .journal
            .iter()
            .filter(|entry| entry.phase == Phase::Execute);
        let at: Vec<String> = executed.map(|entry| entry.worker.clone()).collect();
        (at, history.end)
    };
    let (at, end) = by_workers(3, 2);
    assert_eq!(at, ["worker-2", "worker-3", "worker-1"]);
    assert_eq!(end, Some(FlowEnd::Succeeded));
    assert_eq!(
        by_workers(2, 9),
        (names(&["worker-2", "worker-1"]), Some(FlowEnd::Failed))
    );
    // Three names at most: of five workers that all fail, each is asked again after the others.
    let (at, _) = by_workers(5, 9);
    assert_eq!(at.len(), 9);
    for tries in at.windows(4) {
        let last = &tries[3];
        assert!(!tries[..3].contains(last), "{at:?}");
    }
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
fn later_counts_no_attempt_and_is_waited_for() {
    let list = || job(nodes![plain("a")]);
    let later = [EntryOutcome::RetryLater; 3];
    let history = history(list(), script().ends("a", Phase::Execute, &later));
    assert_eq!(history.in_short(), "a+ a+ a+ a");
    let attempts: Vec<u32> = history.journal.iter().map(|entry| entry.attempt).collect();
    assert_eq!(attempts, [1, 1, 1, 1]);
    let waits = waits(&history, "a", Phase::Execute);
    for (wait, secs) in waits.iter().zip([10, 20, 40]) {
        assert!(
            (wait - secs * SECOND).abs() <= secs * 100,
            "{wait} is not {secs} s"
        );
    }
    // The attempt itself may name the wait.
    let asks = history.journal.first().cloned().map(|mut entry| {
        entry.result = Some(json!(70_000));
        entry
    });
    let asks = asks.expect("the first entry");
    let state = FlowState::of(&plan(list()), 0, [&asks], &[]);
    let FlowNext::GiveBack { run_at, .. } = state.advise(asks.ended, 1, "w").next else {
        panic!("a wait of more than five seconds");
    };
    assert_eq!(run_at - asks.ended, 70_000);
}

#[test]
fn a_deploy_is_no_error_and_counts_nothing() {
    let retry = terms(1, 0);
    let list = job(nodes![Step { retry, ..step("a") }]);
    let ends = script().meanwhile("a", Phase::Execute, 1, Intervention::Leave);
    assert_eq!(played(list, ends), "a~ a: succeeded");
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
