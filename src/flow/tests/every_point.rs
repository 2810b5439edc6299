//! A flow that dies at every point, once and twice.

use super::make::{definition, job, names, nodes, parallel, plain, sequence, step, terms};
use super::random::checked;
use crate::flow::definition::{FlowDefinition, Group, Interrupted, OnFailure, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{
    AttemptStart, ChosenEnds, FlowEnd, FlowScript, Intervention, PlayPoint, PlayedEnd,
};

/// A script that dies at chosen points, counted from the first.
struct DyingScript {
    ends: ChosenEnds,
    points: Vec<usize>,
    with: Intervention,
    passed: usize,
}

impl DyingScript {
    fn new(ends: ChosenEnds, points: &[usize], with: Intervention) -> Self {
        DyingScript {
            ends,
            points: points.to_vec(),
            with,
            passed: 0,
        }
    }
}

impl FlowScript for DyingScript {
    fn end(&mut self, attempt: &AttemptStart) -> PlayedEnd {
        self.ends.end(attempt)
    }

    fn ended(&mut self, attempt: &AttemptStart) {
        self.ends.ended(attempt);
    }

    fn intervene(&mut self, point: PlayPoint<'_>) -> Option<Intervention> {
        let is_request = matches!(self.with, Intervention::Request(..));
        if is_request && point != PlayPoint::Between {
            return None;
        }
        self.passed += 1;
        self.points
            .contains(&(self.passed - 1))
            .then(|| self.with.clone())
    }
}

/// A flow with a graph, a parallel group of rounds, retries, and all answers to interruptions.
fn rich() -> FlowDefinition {
    let with = |interrupted, step: Step| Step {
        interrupted,
        ..step
    };
    let fetch = Step {
        retry: terms(2, 1),
        ..with(Interrupted::Check, step("fetch"))
    };
    let probe = Step {
        has_when: true,
        ..plain("probe")
    };
    let optional = Step {
        on_failure: Some(OnFailure::Continue),
        ..step("optional")
    };
    let cdn = with(Interrupted::Revert, step("cdn"));
    let index = Step {
        after: names(&["cdn"]),
        try_each: vec![1.into(), 2.into()],
        ..step("index")
    };
    let publish = Group {
        retry: terms(2, 10),
        ..parallel("publish", nodes![cdn, plain("log"), index])
    };
    job(nodes![fetch, probe, optional, publish, step("notify")])
}

/// Chosen ends that lead the flow through rounds, retries and reverts.
fn hard() -> ChosenEnds {
    ChosenEnds::default()
        .fails("fetch", 1)
        .fails("optional", 1)
        .fails("index", 3)
        .fails("notify", 1)
        .revert_fails("fetch", 1)
}

fn points(definition: &FlowDefinition, ends: &ChosenEnds, with: &Intervention) -> usize {
    let mut script = DyingScript::new(ends.clone(), &[], with.clone());
    let history = checked(definition, 4, &mut script).expect("an allowed history");
    assert_eq!(history.end, Some(FlowEnd::Reverted));
    script.passed
}

#[test]
fn a_crash_at_any_point_changes_no_end() {
    let (definition, ends) = (rich(), hard());
    for with in [Intervention::Crash, Intervention::Leave] {
        let count = points(&definition, &ends, &with);
        assert!(count > 60, "{count}");
        for point in 0..count {
            let mut script = DyingScript::new(ends.clone(), &[point], with.clone());
            let history = checked(&definition, 4, &mut script);
            let history = history.unwrap_or_else(|wrong| panic!("at {point}: {wrong}"));
            assert_eq!(history.end, Some(FlowEnd::Reverted), "at {point}");
        }
    }
}

#[test]
fn two_crashes_at_any_points_change_no_end() {
    let (definition, ends) = (rich(), hard());
    let count = points(&definition, &ends, &Intervention::Crash);
    for first in (0..count).step_by(3) {
        for second in first + 1..count {
            let points = [first, second];
            let mut script = DyingScript::new(ends.clone(), &points, Intervention::Crash);
            let history = checked(&definition, 4, &mut script);
            let history = history.unwrap_or_else(|wrong| panic!("at {points:?}: {wrong}"));
            assert_eq!(history.end, Some(FlowEnd::Reverted), "at {points:?}");
        }
    }
}

#[test]
fn a_stop_at_any_point_ends_the_job_and_leaves_nothing_behind() {
    let (definition, ends) = (rich(), hard());
    for outcome in [EntryOutcome::Stop, EntryOutcome::Kill] {
        let with = Intervention::Request(outcome, String::new());
        let count = points(&definition, &ends, &with);
        for point in 0..count {
            let mut script = DyingScript::new(ends.clone(), &[point], with.clone());
            let history = checked(&definition, 4, &mut script);
            let history = history.unwrap_or_else(|wrong| panic!("at {point}: {wrong}"));
            let is_killed_revert = history
                .journal
                .iter()
                .any(|entry| entry.phase == Phase::Revert && entry.outcome == EntryOutcome::Killed);
            let end = history.end.clone().expect("an end");
            match end {
                // The failure came first.
                FlowEnd::Reverted | FlowEnd::Cancelled => assert!(!is_killed_revert),
                FlowEnd::Stuck { .. } => assert_eq!(outcome, EntryOutcome::Kill),
                other => panic!("at {point}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_step_runs_once_for_each_attempt_that_no_crash_cut_off() {
    let list = definition(sequence("", nodes![plain("a"), plain("b"), plain("c")]));
    let ends = ChosenEnds::default();
    let with = Intervention::Crash;
    let mut script = DyingScript::new(ends.clone(), &[], with.clone());
    let whole = checked(&list, 1, &mut script).expect("an allowed history");
    assert_eq!(whole.in_short(), "a b c");
    for point in 0..script.passed {
        let mut script = DyingScript::new(ends.clone(), &[point], with.clone());
        let history = checked(&list, 1, &mut script).expect("an allowed history");
        let done = history
            .journal
            .iter()
            .filter(|entry| entry.outcome == EntryOutcome::Succeeded);
        let done: Vec<&str> = done.map(|entry| entry.step.as_str()).collect();
        assert_eq!(done, ["a", "b", "c"], "at {point}");
        let cut = history.journal.len() - done.len();
        assert!(cut <= 1, "at {point}: {}", history.in_short());
    }
}
