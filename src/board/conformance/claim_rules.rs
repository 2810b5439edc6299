//! Which job a worker gets, and when.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, definition, ends, fresh, lane, post, session_request};
use crate::board::{
    Board, BoardError, ClaimWish, JobId, JobRequest, JobState, LaneWish, NameRule, Post,
    RequestAnswer, SessionRequest, SessionWish, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

use TransitionVerdict::Accepted;

/// Makes a test of each rule for an engine.
macro_rules! claim_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            claim_rules, $arena $(, #[$meta])? =>
            classes_come_in_order_then_lanes_then_times_then_numbers
            a_job_that_is_not_due_is_not_claimed_and_is_announced
            a_retry_makes_a_waiting_job_due
            an_avoided_worker_leaves_the_job_to_others
            a_begun_job_is_continued_by_no_older_shape
            a_job_that_is_bound_to_a_host_stays_there
            a_session_that_is_to_drain_claims_nothing
            a_takeover_has_the_old_session_drain
            a_job_that_has_not_begun_when_it_expires_is_cancelled
            a_look_claims_only_the_jobs_that_were_peeked_at
            a_look_finds_what_is_due_and_asked_for_and_writes_nothing
        }
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            store_rules, $arena $(, #[$meta])? =>
            what_is_over_is_removed_in_steps_and_what_is_stuck_never
            posts_are_all_made_or_none
            the_outcome_of_a_write_is_read_back
            output_is_stored_once_and_under_the_last_fence
            pages_of_jobs_follow_one_another
            what_a_job_waits_for_is_known
            what_a_worker_cannot_do_now_is_known_until_it_is_replaced
        }
    };
}
pub(crate) use claim_rule_tests;

fn numbered(board: &dyn Board, definition: &str, change: impl Fn(Post) -> Post) -> JobId {
    let post = change(Post::new(definition, json!({}), fresh("posting")));
    board.post(&post).unwrap().id
}

pub(crate) fn classes_come_in_order_then_lanes_then_times_then_numbers(arena: &dyn BoardArena) {
    let board = arena.board();
    let with = |name, priority, run_at| {
        numbered(board, name, |post| Post {
            priority,
            run_at,
            ..post
        })
    };
    let now = arena.clock().millis();
    let late = with("d", 0, now + 20);
    let early = with("d", 0, now + 10);
    let urgent = with("d", 2, now + 20);
    let other = with("e", 0, now);
    let lazy = with("e", -2, now);
    arena.clock().pass(Duration::from_millis(50));
    let worker = TestWorker::join(board).knows(&["d", "e"]);
    let claim = ClaimWish {
        at_most: 4,
        lanes: vec![lane("e"), lane("d")],
        only: Vec::new(),
    };
    let answer = worker.advance(Vec::new(), claim.clone());
    let ids: Vec<JobId> = answer.claimed.iter().map(|job| job.position.id).collect();
    assert_eq!(ids, [urgent, other, early, late]);
    assert!(
        answer.next_due.unwrap() <= arena.clock().millis(),
        "there is more"
    );
    let answer = worker.advance(Vec::new(), claim);
    assert_eq!(answer.claimed[0].position.id, lazy);
    assert_eq!(answer.next_due, None);
}

pub(crate) fn a_job_that_is_not_due_is_not_claimed_and_is_announced(arena: &dyn BoardArena) {
    let run_at = arena.clock().millis() + 5_000;
    let id = numbered(arena.board(), "d", |post| Post { run_at, ..post });
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let claim = ClaimWish {
        at_most: 1,
        lanes: vec![lane("d")],
        only: Vec::new(),
    };
    let answer = worker.advance(Vec::new(), claim.clone());
    assert_eq!((answer.claimed.len(), answer.next_due), (0, Some(run_at)));
    arena.clock().pass(Duration::from_secs(5));
    let answer = worker.advance(Vec::new(), claim);
    let job = &answer.claimed[0];
    assert_eq!(job.position.id, id);
    // A retry later waits again; what is released at once is due now.
    let later = Transition {
        run_at: run_at + 60_000,
        ..ends(job.position, EntryOutcome::Failed, JobState::Waiting)
    };
    assert_eq!(worker.report(later), Accepted);
    assert_eq!(worker.claim("d"), None);
}

pub(crate) fn a_retry_makes_a_waiting_job_due(arena: &dyn BoardArena) {
    let run_at = arena.clock().millis() + 5_000;
    let id = numbered(arena.board(), "d", |post| Post { run_at, ..post });
    let retry = JobRequest::Retry { from: None };
    let answer = arena.board().request(id, &retry).unwrap();
    assert_eq!(answer, RequestAnswer::Done(JobState::Waiting));
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    assert_eq!(worker.claim("d").unwrap().position.id, id);
}

pub(crate) fn an_avoided_worker_leaves_the_job_to_others(arena: &dyn BoardArena) {
    let one = TestWorker::join(arena.board()).knows(&["d"]);
    let other = TestWorker::join(arena.board()).knows(&["d"]);
    post(arena.board(), "d");
    let at = one.claim("d").unwrap().position;
    let elsewhere = Transition {
        avoid: Some(vec![one.name.clone()]),
        ..ends(at, EntryOutcome::Failed, JobState::Waiting)
    };
    assert_eq!(one.report(elsewhere), Accepted);
    assert_eq!(one.claim("d"), None);
    let job = other.claim("d").unwrap();
    assert_eq!(job.avoid, [one.name]);
}

pub(crate) fn a_begun_job_is_continued_by_no_older_shape(arena: &dyn BoardArena) {
    let board = arena.board();
    let old = TestWorker::join(board);
    board
        .enter_definitions(old.session, &[definition("d", "old")])
        .unwrap();
    let new = TestWorker::join(board);
    board
        .enter_definitions(new.session, &[definition("d", "new")])
        .unwrap();
    let (first, second) = (post(board, "d"), post(board, "d"));
    // What never began may be claimed by an older one too.
    for job in new.look(lane("d"), 2) {
        let back = Transition {
            state: JobState::Waiting,
            ..Transition::begin(job.position, Vec::new())
        };
        assert_eq!(new.report(back), Accepted);
    }
    let give_back = |worker: &TestWorker<'_>, at| {
        let back = ends(at, EntryOutcome::RetryLater, JobState::Waiting);
        assert_eq!(worker.report(back), Accepted);
    };
    let job = old.claim("d").unwrap();
    assert_eq!(job.position.id, first);
    give_back(&old, job.position);
    // A newer one continues what an older began, and from then on no older one does.
    let jobs = new.look(lane("d"), 2);
    assert_eq!(jobs.len(), 2);
    jobs.iter().for_each(|job| give_back(&new, job.position));
    assert_eq!(old.claim("d"), None);
    let facts = board.wait_facts(second).unwrap();
    let of = |name: &str| {
        facts
            .workers
            .iter()
            .find(|worker| worker.name == name)
            .unwrap()
    };
    assert!(of(&old.name).is_older && !of(&new.name).is_older);
    assert_eq!(new.look(lane("d"), 2).len(), 2);
}

pub(crate) fn a_job_that_is_bound_to_a_host_stays_there(arena: &dyn BoardArena) {
    let board = arena.board();
    let here = TestWorker::join_on(board, "here").knows(&["d"]);
    let there = TestWorker::join_on(board, "there").knows(&["d"]);
    post(board, "d");
    let bound = LaneWish {
        is_bound_to_host: true,
        ..lane("d")
    };
    let job = here.look(bound.clone(), 1).pop().unwrap();
    assert_eq!(job.last_host, None);
    let back = ends(job.position, EntryOutcome::RetryLater, JobState::Waiting);
    assert_eq!(here.report(back), Accepted);
    assert!(there.look(bound.clone(), 1).is_empty());
    let facts = board.wait_facts(job.position.id).unwrap();
    let is_elsewhere = |name: &str| {
        let found = facts.workers.iter().find(|worker| worker.name == name);
        found.unwrap().is_other_host
    };
    assert!(is_elsewhere(&there.name) && !is_elsewhere(&here.name));
    let job = here.look(bound, 1).pop().unwrap();
    assert_eq!(job.last_host.as_deref(), Some("here"));
}

pub(crate) fn a_session_that_is_to_drain_claims_nothing(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    post(board, "d");
    for wish in [SessionWish::Drain, SessionWish::Sleep, SessionWish::Quit] {
        assert!(board.request_of_worker(worker.session, wish).unwrap());
        assert_eq!((worker.claim("d"), worker.beat().wish), (None, wish));
    }
    board
        .request_of_worker(worker.session, SessionWish::Work)
        .unwrap();
    assert!(worker.claim("d").is_some());
    board.leave(worker.session).unwrap();
    assert!(
        !board
            .request_of_worker(worker.session, SessionWish::Drain)
            .unwrap()
    );
}

pub(crate) fn a_takeover_has_the_old_session_drain(arena: &dyn BoardArena) {
    let board = arena.board();
    let old = TestWorker::join_on(board, "here");
    let join = |host, if_taken| {
        let request = SessionRequest {
            if_taken,
            ..session_request(&old.name, host)
        };
        board.join(&request).unwrap()
    };
    let elsewhere = join("there", NameRule::TakeOver);
    assert_eq!(elsewhere.name, format!("{}-2", old.name));
    let beside = join("here", NameRule::NextNumber);
    assert_eq!(beside.name, format!("{}-3", old.name));
    assert_eq!(old.beat().wish, SessionWish::Work);
    let newcomer = join("here", NameRule::TakeOver);
    assert_eq!(
        (newcomer.name, newcomer.takes_over),
        (old.name.clone(), Some(old.session))
    );
    assert_eq!(old.beat().wish, SessionWish::Drain);
}

pub(crate) fn a_job_that_has_not_begun_when_it_expires_is_cancelled(arena: &dyn BoardArena) {
    let board = arena.board();
    let expires = Some(arena.clock().millis() + 1_000);
    let posted = || numbered(board, "d", |post| Post { expires, ..post });
    let begun = posted();
    let worker = TestWorker::join(board).knows(&["d"]);
    let at = worker.claim("d").unwrap().position;
    let back = ends(at, EntryOutcome::RetryLater, JobState::Waiting);
    assert_eq!(worker.report(back), Accepted);
    let waiting = posted();
    arena.clock().pass(Duration::from_secs(2));
    assert_eq!(worker.claim("d").unwrap().position.id, begun);
    let job = board.job(waiting).unwrap().unwrap();
    assert_eq!(
        (job.state, job.reason.as_deref()),
        (JobState::Cancelled, Some("expired"))
    );
}

pub(crate) fn a_look_claims_only_the_jobs_that_were_peeked_at(arena: &dyn BoardArena) {
    let board = arena.board();
    let ids: Vec<JobId> = (0..3).map(|_| post(board, "d")).collect();
    let worker = TestWorker::join(board).knows(&["d"]);
    let peeked = board.peek(worker.session, &[lane("d")], 2).unwrap();
    let found: Vec<JobId> = peeked.iter().map(|job| job.id).collect();
    assert_eq!(found, ids[..2]);
    assert!(peeked.iter().all(|job| job.state == JobState::Waiting));
    let claim = ClaimWish {
        at_most: 3,
        lanes: vec![lane("d")],
        only: vec![ids[1], JobId(999_999)],
    };
    let claimed = worker.advance(Vec::new(), claim).claimed;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].position.id, ids[1]);
}

pub(crate) fn a_look_finds_what_is_due_and_asked_for_and_writes_nothing(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let look = || board.look(worker.session, &[lane("d")]).unwrap();
    let beat = worker.counter();
    assert_eq!(look().next_due, None);
    let run_at = arena.clock().millis() + 5_000;
    numbered(board, "d", |post| Post { run_at, ..post });
    assert_eq!(look().next_due, Some(run_at));
    let id = post(board, "d");
    assert_eq!(look().next_due, Some(arena.clock().millis()));
    assert_eq!(worker.counter(), beat, "a look is no beat");
    worker.claim("d").unwrap();
    board.request(id, &JobRequest::Stop).unwrap();
    board
        .request_of_worker(worker.session, SessionWish::Drain)
        .unwrap();
    let found = look();
    assert_eq!((found.requests[0].id, found.wish), (id, SessionWish::Drain));
    board.leave(worker.session).unwrap();
    let over = board.look(worker.session, &[lane("d")]);
    assert_eq!(over, Err(BoardError::SessionOver(worker.session)));
}
