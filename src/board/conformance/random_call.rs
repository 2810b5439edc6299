//! A random call to a board.

use proptest::prelude::*;

use super::arena::{doing, entry};
use crate::board::{JobPosition, JobState, KeyRule, Transition};
use crate::flow::journal::EntryOutcome;

pub(super) const DEFINITIONS: [&str; 2] = ["d", "e"];

pub(super) const WORKERS: usize = 3;

/// A call, by numbers that are taken modulo what there is.
#[derive(Clone, Debug)]
pub(crate) enum RandomCall {
    Post {
        definition: usize,
        key: usize,
        rule: KeyRule,
        priority: i8,
        delay: i64,
        limit: usize,
    },
    PostAgain(usize),
    Claim {
        worker: usize,
        at_most: u32,
    },
    Report {
        worker: usize,
        position: usize,
        kind: usize,
        step: usize,
    },
    Again {
        worker: usize,
        report: usize,
    },
    GiveBack {
        worker: usize,
        position: usize,
    },
    Leave(usize),
    Reap {
        worker: usize,
        is_late: bool,
    },
    Request {
        job: usize,
        request: usize,
    },
    Pass(u64),
}

/// Returns sequences of calls.
pub(crate) fn calls() -> impl Strategy<Value = Vec<RandomCall>> {
    let rules = prop_oneof![
        Just(KeyRule::Keep),
        Just(KeyRule::Replace),
        Just(KeyRule::Fail)
    ];
    let number = 0..64_usize;
    let call = prop_oneof![
        4 => (0..2_usize, 0..6_usize, rules, -2..=2_i8, 0..40_i64, 0..2_usize).prop_map(
            |(definition, key, rule, priority, delay, limit)| RandomCall::Post {
                definition, key, rule, priority, delay: (delay - 30).max(0), limit,
            }
        ),
        1 => number.clone().prop_map(RandomCall::PostAgain),
        5 => (0..WORKERS, 0..4_u32)
            .prop_map(|(worker, at_most)| RandomCall::Claim { worker, at_most }),
        8 => (0..WORKERS, number.clone(), 0..8_usize, 0..3_usize).prop_map(
            |(worker, position, kind, step)| RandomCall::Report { worker, position, kind, step }
        ),
        2 => (0..WORKERS, number.clone())
            .prop_map(|(worker, report)| RandomCall::Again { worker, report }),
        1 => (0..WORKERS, number.clone())
            .prop_map(|(worker, position)| RandomCall::GiveBack { worker, position }),
        1 => (0..WORKERS).prop_map(RandomCall::Leave),
        2 => (0..WORKERS, any::<bool>())
            .prop_map(|(worker, is_late)| RandomCall::Reap { worker, is_late }),
        5 => (number, 0..10_usize).prop_map(|(job, request)| RandomCall::Request { job, request }),
        2 => (0..30_u64).prop_map(RandomCall::Pass),
    ];
    prop::collection::vec(call, 1..80)
}

pub(super) fn report(at: JobPosition, kind: usize, step: &str, now: i64) -> Transition {
    let ends = |outcome, state| Transition {
        entries: vec![entry(at, step, outcome)],
        state,
        ..Transition::begin(at, Vec::new())
    };
    match kind {
        0 => Transition::begin(at, vec![doing(step)]),
        1 => Transition::begin(at, vec![doing("a"), doing("b")]),
        2 => Transition {
            doing: vec![doing("c")],
            ..ends(EntryOutcome::Succeeded, JobState::Running)
        },
        3 => Transition {
            run_at: now + 10,
            ..ends(EntryOutcome::Failed, JobState::Waiting)
        },
        4 => ends(EntryOutcome::Succeeded, JobState::Succeeded),
        5 => ends(EntryOutcome::Failed, JobState::Failed),
        6 => ends(EntryOutcome::Failed, JobState::Stuck),
        _ => ends(EntryOutcome::Succeeded, JobState::Paused),
    }
}
