//! What is known of jobs that have ended.

use std::time::Duration;

use super::arena::{BoardArena, TestWorker, ends, lane, post};
use crate::board::{ClaimWish, EndFilter, EndSummary, JobId, JobState};
use crate::flow::journal::EntryOutcome;

/// Makes a test of each rule for an engine.
macro_rules! end_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            end_rules, $arena $(, #[$meta])? =>
            ends_are_counted_by_definition_and_state
            the_jobs_that_ended_last_are_found
        }
    };
}
pub(crate) use end_rule_tests;

/// Has a job of a definition end in a state, a second after the one before.
fn end_one(arena: &dyn BoardArena, definition: &str, state: JobState) -> JobId {
    arena.clock().pass(Duration::from_secs(1));
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&[definition]);
    let id = post(board, definition);
    let claimed = worker.look(lane(definition), 1);
    assert_eq!(claimed[0].position.id, id);
    let outcome = match state {
        JobState::Succeeded => EntryOutcome::Succeeded,
        _ => EntryOutcome::Failed,
    };
    worker.advance(
        vec![ends(claimed[0].position, outcome, state)],
        ClaimWish::default(),
    );
    board.leave(worker.session).unwrap();
    id
}

pub(crate) fn ends_are_counted_by_definition_and_state(arena: &dyn BoardArena) {
    let board = arena.board();
    assert_eq!(board.ends(0).unwrap(), []);
    end_one(arena, "a", JobState::Succeeded);
    let since = arena.clock().millis() + 1;
    end_one(arena, "a", JobState::Succeeded);
    end_one(arena, "a", JobState::Failed);
    end_one(arena, "b", JobState::Stuck);
    let last = end_one(arena, "a", JobState::Failed);
    post(board, "c");
    let found = board.ends(since).unwrap();
    let of = |definition: &str, state| -> Option<&EndSummary> {
        let is_it = |one: &&EndSummary| one.definition == definition && one.state == state;
        found.iter().find(is_it)
    };
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(of("a", JobState::Succeeded).unwrap().jobs, 1);
    assert_eq!(of("b", JobState::Stuck).unwrap().jobs, 1);
    let failed = of("a", JobState::Failed).unwrap();
    assert_eq!((failed.jobs, failed.last), (2, last));
    assert_eq!(failed.at, board.job(last).unwrap().unwrap().ended.unwrap());
    // What ended before counts for nothing, and is the last all the same.
    let later = board.ends(arena.clock().millis() + 1).unwrap();
    assert_eq!(later.len(), 3);
    assert!(later.iter().all(|one| one.jobs == 0), "{later:?}");
}

pub(crate) fn the_jobs_that_ended_last_are_found(arena: &dyn BoardArena) {
    let first = end_one(arena, "a", JobState::Succeeded);
    let second = end_one(arena, "b", JobState::Failed);
    let since = arena.clock().millis() + 1;
    let third = end_one(arena, "a", JobState::Reverted);
    let fourth = end_one(arena, "a", JobState::Succeeded);
    let find = |filter: EndFilter| -> Vec<JobId> {
        let found = arena.board().ended_jobs(&filter).unwrap();
        found.iter().map(|job| job.id).collect()
    };
    let all = EndFilter {
        limit: 10,
        ..EndFilter::default()
    };
    assert_eq!(find(all.clone()), [fourth, third, second, first]);
    let some = |change: fn(&mut EndFilter)| {
        let mut filter = all.clone();
        change(&mut filter);
        find(filter)
    };
    assert_eq!(some(|filter| filter.limit = 2), [fourth, third]);
    assert_eq!(some(|filter| filter.is_of_failures = true), [third, second]);
    let of_b = |filter: &mut EndFilter| filter.definition = Some("b".to_owned());
    assert_eq!(some(of_b), [second]);
    let recent = EndFilter { since, ..all };
    assert_eq!(find(recent), [fourth, third]);
}
