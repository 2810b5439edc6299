//! Limits: which jobs a board lets go on at once.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, ends, fresh, lane};
use crate::board::{
    Board, ClaimWish, GiveBack, JobId, JobRequest, JobState, LeftoverFate, Post, PostLimit,
    RequestAnswer, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

use JobState::{Cancelled, Limited, Paused, Running, Waiting};
use TransitionVerdict::Accepted;

/// Makes a test of each rule for an engine.
macro_rules! limit_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            limit_rules, $arena $(, #[$meta])? =>
            no_more_jobs_than_the_limit_hold_a_place
            the_end_of_a_job_admits_the_next_for_the_same_call
            jobs_are_admitted_by_priority_then_time_then_number
            each_value_has_a_limit_of_its_own
            a_job_that_becomes_due_is_admitted_by_a_look
            a_cancelled_job_leaves_its_place_to_the_next
            an_expired_job_behind_a_limit_is_cancelled
            a_job_that_is_given_back_or_reaped_keeps_its_place
            a_stuck_job_gives_its_place_up_and_waits_for_another
            a_paused_job_keeps_its_place_only_if_it_has_begun
            a_raised_limit_admits_more
            a_lowered_limit_takes_places_back_from_what_has_not_begun
            a_limit_that_is_gone_holds_nothing_back
            the_limit_of_a_worker_counts_more_than_that_of_a_post
        }
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            pause_rules, $arena $(, #[$meta])? =>
            a_time_limit_counts_from_the_first_claim
            nothing_of_a_paused_definition_is_claimed_but_what_is_wanted_now
            a_pause_of_a_project_is_one_of_its_definitions
            a_paused_worker_sleeps_also_when_it_joins_again
            a_job_for_a_worker_is_claimed_by_no_other
        }
    };
}
pub(crate) use limit_rule_tests;

fn limited(board: &dyn Board, most: u32, change: impl Fn(Post) -> Post) -> JobId {
    keyed(board, "d", most, change)
}

fn keyed(board: &dyn Board, key: &str, most: u32, change: impl Fn(Post) -> Post) -> JobId {
    let post = Post {
        limit: Some(PostLimit {
            key: key.to_owned(),
            most,
        }),
        ..Post::new("d", json!({}), fresh("posting"))
    };
    board.post(&change(post)).unwrap().id
}

pub(super) fn worker(board: &dyn Board, most: u32) -> TestWorker<'_> {
    TestWorker::join(board).knows_with_limit("d", most)
}

fn state(board: &dyn Board, id: JobId) -> JobState {
    board.job(id).unwrap().unwrap().state
}

fn states(board: &dyn Board, ids: &[JobId]) -> Vec<JobState> {
    ids.iter().map(|id| state(board, *id)).collect()
}

pub(crate) fn no_more_jobs_than_the_limit_hold_a_place(arena: &dyn BoardArena) {
    let board = arena.board();
    let ids: Vec<JobId> = (0..5).map(|_| limited(board, 2, |post| post)).collect();
    assert_eq!(
        states(board, &ids),
        [Waiting, Waiting, Limited, Limited, Limited]
    );
    let worker = worker(board, 2);
    assert_eq!(worker.look(lane("d"), 5).len(), 2);
    assert_eq!(
        states(board, &ids),
        [Running, Running, Limited, Limited, Limited]
    );
    let facts = board.wait_facts(ids[3]).unwrap().limit.unwrap();
    assert_eq!(
        (facts.most, facts.holders, facts.before),
        (Some(2), ids[..2].to_vec(), 1)
    );
}

pub(crate) fn the_end_of_a_job_admits_the_next_for_the_same_call(arena: &dyn BoardArena) {
    let board = arena.board();
    let ids: Vec<JobId> = (0..3).map(|_| limited(board, 1, |post| post)).collect();
    let worker = worker(board, 1);
    let mut job = worker.claim("d").unwrap();
    for next in &ids[1..] {
        let claim = ClaimWish {
            at_most: 3,
            lanes: vec![lane("d")],
            only: Vec::new(),
        };
        let end = ends(job.position, EntryOutcome::Succeeded, JobState::Succeeded);
        let answer = worker.advance(vec![end], claim);
        assert_eq!(answer.claimed.len(), 1);
        job = answer.claimed[0].clone();
        assert_eq!(job.position.id, *next);
    }
}

pub(crate) fn jobs_are_admitted_by_priority_then_time_then_number(arena: &dyn BoardArena) {
    let board = arena.board();
    let now = arena.clock().millis();
    let worker = worker(board, 1);
    let holder = limited(board, 1, |post| post);
    let at = |run_at, priority| {
        limited(board, 1, move |post| Post {
            run_at,
            priority,
            ..post
        })
    };
    let late = at(now + 20, 0);
    let early = at(now + 10, 0);
    let lazy = at(now, -1);
    let urgent = at(now + 20, 1);
    let made_urgent = at(now, -2);
    let answer = board.request(made_urgent, &JobRequest::Priority(2));
    assert_eq!(answer.unwrap(), RequestAnswer::Done(Limited));
    arena.clock().pass(Duration::from_millis(50));
    for expected in [holder, made_urgent, urgent, early, late, lazy] {
        let job = worker.claim("d").unwrap();
        assert_eq!(job.position.id, expected);
        let end = ends(job.position, EntryOutcome::Succeeded, JobState::Succeeded);
        assert_eq!(worker.report(end), Accepted);
    }
}

pub(crate) fn each_value_has_a_limit_of_its_own(arena: &dyn BoardArena) {
    let board = arena.board();
    let keys = ["d:a", "d:b", "d:a", "d:c"];
    let ids = keys.map(|key| keyed(board, key, 1, |post| post));
    assert_eq!(states(board, &ids), [Waiting, Waiting, Limited, Waiting]);
}

pub(crate) fn a_job_that_becomes_due_is_admitted_by_a_look(arena: &dyn BoardArena) {
    let board = arena.board();
    let run_at = arena.clock().millis() + 5_000;
    let worker = worker(board, 1);
    let later = limited(board, 1, |post| Post { run_at, ..post });
    assert_eq!(
        state(board, later),
        Limited,
        "it holds no place before its time"
    );
    let now = limited(board, 1, |post| post);
    let job = worker.claim("d").unwrap();
    assert_eq!(job.position.id, now);
    let end = ends(job.position, EntryOutcome::Succeeded, JobState::Succeeded);
    assert_eq!(worker.report(end), Accepted);
    let look = || board.look(worker.session, &[lane("d")]).unwrap();
    assert_eq!(look().next_due, Some(run_at));
    assert_eq!(worker.claim("d"), None);
    arena.clock().pass(Duration::from_secs(5));
    assert_eq!(worker.claim("d").unwrap().position.id, later);
    assert_eq!(look().next_due, None);
}

pub(crate) fn a_cancelled_job_leaves_its_place_to_the_next(arena: &dyn BoardArena) {
    let board = arena.board();
    let ids: Vec<JobId> = (0..4).map(|_| limited(board, 1, |post| post)).collect();
    let cancel = |id| board.request(id, &JobRequest::Cancel).unwrap();
    assert_eq!(cancel(ids[1]), RequestAnswer::Done(Cancelled));
    assert_eq!(states(board, &ids), [Waiting, Cancelled, Limited, Limited]);
    assert_eq!(cancel(ids[0]), RequestAnswer::Done(Cancelled));
    assert_eq!(
        states(board, &ids),
        [Cancelled, Cancelled, Waiting, Limited]
    );
}

pub(crate) fn an_expired_job_behind_a_limit_is_cancelled(arena: &dyn BoardArena) {
    let board = arena.board();
    let expires = Some(arena.clock().millis() + 1_000);
    let worker = worker(board, 1);
    let holder = limited(board, 1, |post| post);
    worker.claim("d").unwrap();
    let expiring = limited(board, 1, |post| Post { expires, ..post });
    let look = || board.look(worker.session, &[lane("d")]).unwrap();
    assert_eq!(look().next_due, expires);
    arena.clock().pass(Duration::from_secs(2));
    assert_eq!(worker.claim("d"), None);
    assert_eq!(states(board, &[holder, expiring]), [Running, Cancelled]);
    let reason = board.job(expiring).unwrap().unwrap().reason;
    assert_eq!(
        (reason.as_deref(), look().next_due),
        (Some("expired"), None)
    );
}

pub(crate) fn a_job_that_is_given_back_or_reaped_keeps_its_place(arena: &dyn BoardArena) {
    let board = arena.board();
    let first = worker(board, 1);
    let id = limited(board, 1, |post| post);
    let next = limited(board, 1, |post| Post {
        priority: 2,
        ..post
    });
    let at = first.claim("d").unwrap().position;
    let give_back = GiveBack {
        position: at,
        fate: LeftoverFate::NeverStarted,
    };
    board.give_back(first.session, &[give_back]).unwrap();
    assert_eq!(states(board, &[id, next]), [Waiting, Limited]);
    let at = first.claim("d").unwrap().position;
    let later = Transition {
        run_at: arena.clock().millis() + 60_000,
        ..ends(at, EntryOutcome::Failed, Waiting)
    };
    assert_eq!(first.report(later), Accepted);
    assert_eq!(states(board, &[id, next]), [Waiting, Limited]);
    board
        .request(id, &JobRequest::Retry { from: None })
        .unwrap();
    let second = worker(board, 1);
    assert_eq!(second.claim("d").unwrap().position.id, id);
    second.is_reaped();
    assert_eq!(states(board, &[id, next]), [Waiting, Limited]);
    assert_eq!(worker(board, 1).claim("d").unwrap().position.id, id);
}

pub(crate) fn a_stuck_job_gives_its_place_up_and_waits_for_another(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board, 1);
    let ids = [(); 2].map(|()| limited(board, 1, |post| post));
    let at = worker.claim("d").unwrap().position;
    let stuck = ends(at, EntryOutcome::Failed, JobState::Stuck);
    assert_eq!(worker.report(stuck), Accepted);
    assert_eq!(states(board, &ids), [JobState::Stuck, Waiting]);
    let retry = JobRequest::Retry { from: None };
    let answer = board.request(ids[0], &retry).unwrap();
    assert_eq!(answer, RequestAnswer::Done(Limited));
    let at = worker.claim("d").unwrap().position;
    assert_eq!(at.id, ids[1]);
    let end = ends(at, EntryOutcome::Failed, JobState::Failed);
    assert_eq!(worker.report(end), Accepted);
    assert_eq!(states(board, &ids), [Waiting, JobState::Failed]);
    // With room the retry needs no turn of its own.
    board.request(ids[0], &JobRequest::Cancel).unwrap();
    let answer = board.request(ids[1], &retry).unwrap();
    assert_eq!(answer, RequestAnswer::Done(Waiting));
}

pub(crate) fn a_paused_job_keeps_its_place_only_if_it_has_begun(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board, 1);
    let ids = [(); 2].map(|()| limited(board, 1, |post| post));
    let ask = |id, request| board.request(id, &request).unwrap();
    assert_eq!(ask(ids[0], JobRequest::Pause), RequestAnswer::Done(Paused));
    assert_eq!(states(board, &ids), [Paused, Waiting]);
    assert_eq!(
        ask(ids[0], JobRequest::Resume),
        RequestAnswer::Done(Limited)
    );
    let at = worker.claim("d").unwrap().position;
    let back = ends(at, EntryOutcome::RetryLater, Waiting);
    assert_eq!(worker.report(back), Accepted);
    assert_eq!(ask(ids[1], JobRequest::Pause), RequestAnswer::Done(Paused));
    assert_eq!(states(board, &ids), [Limited, Paused], "it has begun");
    assert_eq!(
        ask(ids[1], JobRequest::Resume),
        RequestAnswer::Done(Waiting)
    );
}

pub(crate) fn a_raised_limit_admits_more(arena: &dyn BoardArena) {
    let board = arena.board();
    let ids: Vec<JobId> = (0..4).map(|_| limited(board, 1, |post| post)).collect();
    let worker = worker(board, 3);
    assert_eq!(worker.look(lane("d"), 9).len(), 3);
    assert_eq!(states(board, &ids), [Running, Running, Running, Limited]);
}

pub(crate) fn a_lowered_limit_takes_places_back_from_what_has_not_begun(arena: &dyn BoardArena) {
    let board = arena.board();
    let first = worker(board, 3);
    let ids: Vec<JobId> = (0..4).map(|_| limited(board, 3, |post| post)).collect();
    assert_eq!(first.claim("d").unwrap().position.id, ids[0]);
    let second = worker(board, 1);
    assert_eq!(states(board, &ids), [Running, Limited, Limited, Limited]);
    assert_eq!(second.claim("d"), None);
    let third = worker(board, 2);
    assert_eq!(third.claim("d").unwrap().position.id, ids[1]);
}

pub(crate) fn a_limit_that_is_gone_holds_nothing_back(arena: &dyn BoardArena) {
    let board = arena.board();
    worker(board, 1);
    let posts = (0..2_500).map(|_| Post {
        limit: Some(PostLimit {
            key: "d".to_owned(),
            most: 1,
        }),
        ..Post::new("d", json!({}), fresh("posting"))
    });
    board.post_all(&posts.collect::<Vec<_>>()).unwrap();
    let free = TestWorker::join(board).knows(&["d"]);
    let mut claimed = 0;
    loop {
        let found = free.look(lane("d"), 1_000).len();
        claimed += found;
        let due = board.look(free.session, &[lane("d")]).unwrap().next_due;
        if found == 0 && due.is_none() {
            break;
        }
    }
    assert_eq!(claimed, 2_500);
}

pub(crate) fn the_limit_of_a_worker_counts_more_than_that_of_a_post(arena: &dyn BoardArena) {
    let board = arena.board();
    let ids = [(); 3].map(|()| limited(board, 1, |post| post));
    let worker = worker(board, 2);
    assert_eq!(worker.look(lane("d"), 9).len(), 2);
    let fourth = limited(board, 9, |post| post);
    assert_eq!(states(board, &[ids[2], fourth]), [Limited, Limited]);
}
