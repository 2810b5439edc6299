//! The sentences about retries, waits and other workers, one test each.

use serde_json::json;

use super::make::{
    definition, history, job, names, nodes, parallel, plain, plan, played, sequence, step, terms,
};
use super::sentences::{SECOND, script, waits};
use crate::flow::definition::{Group, RetryTerms, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{FlowEnd, FlowEvent, FlowNext, FlowState, Intervention, PlayTerms, play};

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
