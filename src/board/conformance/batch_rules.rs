//! Batches, and what comes after jobs and batches.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, definition, ends, fresh, lane};
use crate::board::{
    BatchId, BatchPost, Board, BoardError, DefinitionEntry, FollowedPost, JobFilter, JobId,
    JobPosition, JobRequest, JobState, KeepLimits, NextPost, Post, RequestAnswer, ThenRule,
    TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

use JobState::{Cancelled, Failed, Running, Succeeded, Waiting};

/// Makes a test of each rule for an engine.
macro_rules! batch_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            batch_rules, $arena $(, #[$meta])? =>
            what_comes_after_a_job_is_posted_once_and_after_the_right_end
            a_chain_goes_on_from_job_to_job
            what_comes_after_a_batch_is_posted_when_no_member_is_left
            a_failed_member_that_is_tried_again_counts_again
            what_came_after_any_end_comes_once_whatever_is_tried_again
            a_post_that_was_cut_off_is_taken_up_and_posts_nothing_twice
            a_batch_without_members_is_over_at_once
            with_too_many_failures_a_batch_ends_early
            each_live_worker_that_can_gets_a_job
            what_is_posted_after_something_that_is_over_is_posted_at_once
            a_request_to_many_reaches_each_once
            a_batch_is_forgotten_with_its_members
            an_expired_member_is_over
        }
    };
}
pub(crate) use batch_rule_tests;

fn next(rule: ThenRule, definition: &str) -> NextPost {
    NextPost {
        rule,
        post: Post::new(definition, json!({}), "-".to_owned()),
        expires_in: None,
        every_worker: false,
    }
}

fn batch(posting: &str, then: Vec<NextPost>) -> BatchPost {
    BatchPost {
        posting: posting.to_owned(),
        name: "a file".to_owned(),
        then,
        ..BatchPost::default()
    }
}

fn members(posting: &str, numbers: std::ops::Range<u64>) -> Vec<Post> {
    let post = |number| Post::new("d", json!({}), format!("{posting}:{number}"));
    numbers.map(post).collect()
}

fn worker(board: &dyn Board) -> TestWorker<'_> {
    TestWorker::join(board).knows(&["d", "e", "f"])
}

fn end(worker: &TestWorker<'_>, at: JobPosition, state: JobState) {
    let verdict = worker.report(ends(at, EntryOutcome::Succeeded, state));
    assert_eq!(verdict, TransitionVerdict::Accepted);
}

/// Has the next job of a definition end so; returns the job.
fn one_ends(worker: &TestWorker<'_>, definition: &str, state: JobState) -> JobId {
    let at = worker.claim(definition).unwrap().position;
    end(worker, at, state);
    at.id
}

fn all_of(board: &dyn Board, definition: &str) -> Vec<JobId> {
    let filter = JobFilter {
        definition: Some(definition.to_owned()),
        limit: 1_000,
        ..JobFilter::default()
    };
    let jobs = board.jobs(&filter).unwrap().jobs;
    jobs.iter().rev().map(|job| job.id).collect()
}

fn state(board: &dyn Board, id: JobId) -> JobState {
    board.job(id).unwrap().unwrap().state
}

pub(crate) fn what_comes_after_a_job_is_posted_once_and_after_the_right_end(
    arena: &dyn BoardArena,
) {
    let board = arena.board();
    let worker = worker(board);
    let post = Post {
        then: vec![next(ThenRule::Succeeded, "e"), next(ThenRule::Ended, "f")],
        ..Post::new("d", json!({}), fresh("posting"))
    };
    let failing = board.post(&post).unwrap().id;
    let at = worker.claim("d").unwrap().position;
    assert_eq!(all_of(board, "f"), []);
    end(&worker, at, Failed);
    let last = ends(at, EntryOutcome::Succeeded, Failed);
    assert_eq!(worker.report(last), TransitionVerdict::Repeated);
    let ended = all_of(board, "f");
    assert_eq!((all_of(board, "e").len(), ended.len()), (0, 1));
    let records = board.what_follows(FollowedPost::Job(failing)).unwrap();
    assert_eq!(records[0].became, None);
    assert_eq!(records[1].became, Some(FollowedPost::Job(ended[0])));
    let followed = board.followed_by(ended[0]).unwrap();
    assert_eq!(followed, Some(FollowedPost::Job(failing)));
    assert_eq!(board.followed_by(failing).unwrap(), None);
    // It succeeds in the end: what was posted is not posted again.
    board
        .request(failing, &JobRequest::Retry { from: None })
        .unwrap();
    one_ends(&worker, "d", Succeeded);
    assert_eq!((all_of(board, "e").len(), all_of(board, "f").len()), (1, 1));
}

pub(crate) fn a_chain_goes_on_from_job_to_job(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let mut second = next(ThenRule::Succeeded, "e");
    second.expires_in = Some(1_000);
    second.post.then = vec![next(ThenRule::Ended, "f")];
    let post = Post {
        then: vec![second],
        ..Post::new("d", json!({}), fresh("posting"))
    };
    board.post(&post).unwrap();
    arena.clock().pass(Duration::from_secs(50));
    one_ends(&worker, "d", Succeeded);
    let job = board.job(all_of(board, "e")[0]).unwrap().unwrap();
    assert_eq!(job.expires, Some(arena.clock().millis() + 1_000));
    board.request(job.id, &JobRequest::Cancel).unwrap();
    assert_eq!(all_of(board, "f").len(), 1);
}

pub(crate) fn what_comes_after_a_batch_is_posted_when_no_member_is_left(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = batch("b", vec![next(ThenRule::Succeeded, "e")]);
    let receipt = board.post_batch(&post, &members("b", 0..2), false).unwrap();
    assert_eq!((receipt.posted, receipt.jobs), (2, 2));
    one_ends(&worker, "d", Succeeded);
    one_ends(&worker, "d", Succeeded);
    assert_eq!(all_of(board, "e"), [], "more members may come");
    board.post_batch(&post, &members("b", 2..4), true).unwrap();
    // The last two end in one call.
    let jobs = worker.look(lane("d"), 2);
    let both = jobs
        .iter()
        .map(|job| ends(job.position, EntryOutcome::Succeeded, Succeeded));
    worker.advance(both.collect(), Default::default());
    assert_eq!(all_of(board, "e").len(), 1);
    let record = board.batch(receipt.id).unwrap().unwrap();
    assert_eq!((record.jobs, record.left, record.failed), (4, 0, 0));
    assert_eq!(record.ended, Some(arena.clock().millis()));
    let member = board.job(jobs[0].position.id).unwrap().unwrap();
    assert_eq!(member.batch, Some(receipt.id));
}

pub(crate) fn a_failed_member_that_is_tried_again_counts_again(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = batch("b", vec![next(ThenRule::Succeeded, "e")]);
    let id = board
        .post_batch(&post, &members("b", 0..2), true)
        .unwrap()
        .id;
    let failed = one_ends(&worker, "d", Failed);
    one_ends(&worker, "d", Succeeded);
    assert_eq!(all_of(board, "e"), []);
    let counts = || {
        let record = board.batch(id).unwrap().unwrap();
        (record.left, record.failed, record.ended.is_some())
    };
    assert_eq!(counts(), (0, 1, true));
    let retry = JobRequest::Retry { from: None };
    let answer = board.request(failed, &retry).unwrap();
    assert_eq!(answer, RequestAnswer::Done(Waiting));
    assert_eq!(counts(), (1, 0, false));
    one_ends(&worker, "d", Succeeded);
    assert_eq!(counts(), (0, 0, true));
    assert_eq!(all_of(board, "e").len(), 1);
}

pub(crate) fn what_came_after_any_end_comes_once_whatever_is_tried_again(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = batch("b", vec![next(ThenRule::Ended, "e")]);
    board.post_batch(&post, &members("b", 0..1), true).unwrap();
    let failed = one_ends(&worker, "d", Failed);
    assert_eq!(all_of(board, "e").len(), 1);
    board
        .request(failed, &JobRequest::Retry { from: None })
        .unwrap();
    one_ends(&worker, "d", Succeeded);
    assert_eq!(all_of(board, "e").len(), 1);
}

pub(crate) fn a_post_that_was_cut_off_is_taken_up_and_posts_nothing_twice(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = batch("b", vec![next(ThenRule::Succeeded, "e")]);
    board.post_batch(&post, &members("b", 0..3), false).unwrap();
    one_ends(&worker, "d", Succeeded);
    let again = board.post_batch(&post, &members("b", 0..3), false).unwrap();
    assert_eq!((again.posted, again.jobs), (0, 3));
    let last = board.post_batch(&post, &members("b", 3..5), true).unwrap();
    assert_eq!((last.posted, last.jobs), (2, 5));
    let whole = board.post_batch(&post, &members("b", 0..9), true).unwrap();
    assert_eq!((whole.posted, whole.jobs), (0, 5));
    for _ in 0..4 {
        assert_eq!(all_of(board, "e"), []);
        one_ends(&worker, "d", Succeeded);
    }
    assert_eq!(all_of(board, "e").len(), 1);
}

pub(crate) fn a_batch_without_members_is_over_at_once(arena: &dyn BoardArena) {
    let board = arena.board();
    let post = batch("b", vec![next(ThenRule::Succeeded, "e")]);
    let receipt = board.post_batch(&post, &[], true).unwrap();
    assert_eq!((receipt.jobs, all_of(board, "e").len()), (0, 1));
}

pub(crate) fn with_too_many_failures_a_batch_ends_early(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = BatchPost {
        fails_at: Some(2),
        ..batch("b", vec![next(ThenRule::Ended, "e")])
    };
    let id = board.post_batch(&post, &members("b", 0..1_200), true);
    let id = id.unwrap().id;
    let running = worker.claim("d").unwrap().position;
    one_ends(&worker, "d", Failed);
    one_ends(&worker, "d", Succeeded);
    one_ends(&worker, "d", Failed);
    // It is carried out in steps, by the looks of workers.
    let is_ending = || {
        let due = board.look(worker.session, &[lane("e")]).unwrap().next_due;
        due.is_some()
    };
    for _ in 0..9 {
        worker.look(lane("e"), 0);
    }
    assert!(!is_ending());
    let record = board.batch(id).unwrap().unwrap();
    assert_eq!((record.left, record.failed), (1, 1_198));
    assert_eq!(state(board, running.id), Running);
    let last = all_of(board, "d")[999];
    let job = board.job(last).unwrap().unwrap();
    assert_eq!(job.state, Cancelled);
    assert!(job.reason.unwrap().contains("ended early"));
    end(&worker, running, Succeeded);
    assert_eq!(all_of(board, "e").len(), 1);
}

pub(crate) fn each_live_worker_that_can_gets_a_job(arena: &dyn BoardArena) {
    let board = arena.board();
    let one = worker(board);
    let two = worker(board);
    let gone = worker(board);
    board.leave(gone.session).unwrap();
    let unable = TestWorker::join(board);
    let needy = DefinitionEntry {
        needs: vec!["gpu".to_owned()],
        ..definition("d", "gpu")
    };
    board.enter_definitions(unable.session, &[needy]).unwrap();
    let post = BatchPost {
        every_worker: true,
        ..batch("b", vec![next(ThenRule::Succeeded, "e")])
    };
    let receipt = board.post_batch(&post, &members("b", 0..1), true).unwrap();
    assert_eq!(receipt.jobs, 2);
    for worker in [&one, &two] {
        let job = worker.look(lane("d"), 9);
        assert_eq!(job.len(), 1);
        end(worker, job[0].position, Succeeded);
    }
    assert_eq!(all_of(board, "e").len(), 1);
}

pub(crate) fn what_is_posted_after_something_that_is_over_is_posted_at_once(
    arena: &dyn BoardArena,
) {
    let board = arena.board();
    let worker = worker(board);
    board
        .post(&Post::new("d", json!({}), fresh("posting")))
        .unwrap();
    let failed = FollowedPost::Job(one_ends(&worker, "d", Failed));
    let none = board.post_after(failed, &next(ThenRule::Succeeded, "e"));
    assert_eq!(none.unwrap().became, None);
    let there = board.post_after(failed, &next(ThenRule::Ended, "f"));
    assert!(there.unwrap().became.is_some());
    let missing = FollowedPost::Job(JobId(999_999));
    let missing = board.post_after(missing, &next(ThenRule::Ended, "f"));
    assert_eq!(missing, Err(BoardError::NoSuchJob(JobId(999_999))));
    let missing = FollowedPost::Batch(BatchId(999_999));
    let missing = board.post_after(missing, &next(ThenRule::Ended, "f"));
    assert_eq!(missing, Err(BoardError::NoSuchBatch(BatchId(999_999))));
    // After a job that goes on.
    let id = board.post(&Post::new("d", json!({}), fresh("posting")));
    let id = id.unwrap().id;
    let waits = board.post_after(FollowedPost::Job(id), &next(ThenRule::Succeeded, "e"));
    assert_eq!(waits.unwrap().became, None);
    one_ends(&worker, "d", Succeeded);
    assert_eq!(all_of(board, "e").len(), 1);
}

pub(crate) fn a_request_to_many_reaches_each_once(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = batch("b", Vec::new());
    let id = board.post_batch(&post, &members("b", 0..1_100), true);
    let id = id.unwrap().id;
    let other = board.post(&Post::new("d", json!({}), fresh("posting")));
    let other = other.unwrap().id;
    worker.claim("d").unwrap();
    one_ends(&worker, "d", Succeeded);
    let mut filter = JobFilter {
        batch: Some(id),
        ..JobFilter::default()
    };
    let mut sums = (0, 0, 0);
    loop {
        let answer = board.request_all(&filter, &JobRequest::Stop).unwrap();
        sums = (
            sums.0 + answer.done,
            sums.1 + answer.asked,
            sums.2 + answer.passed,
        );
        filter.before = answer.next;
        if answer.next.is_none() {
            break;
        }
    }
    assert_eq!(sums, (1_098, 1, 1));
    assert_eq!(state(board, other), Waiting);
    assert_eq!(board.batch(id).unwrap().unwrap().left, 1);
}

pub(crate) fn a_batch_is_forgotten_with_its_members(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let post = batch("b", vec![next(ThenRule::Ended, "e")]);
    let id = board.post_batch(&post, &members("b", 0..1), true);
    let id = id.unwrap().id;
    one_ends(&worker, "d", Succeeded);
    one_ends(&worker, "e", Succeeded);
    arena.clock().pass(Duration::from_secs(91 * 86_400));
    for _ in 0..3 {
        board.gc(&KeepLimits::default()).unwrap();
    }
    assert_eq!(board.batch(id).unwrap(), None);
    assert_eq!(board.what_follows(FollowedPost::Batch(id)).unwrap(), []);
    let again = board.post_batch(&post, &members("b", 0..1), true).unwrap();
    assert_eq!(again.posted, 1, "the same file may be posted again");
}

pub(crate) fn an_expired_member_is_over(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = worker(board);
    let expires = Some(arena.clock().millis() + 1_000);
    let posts = members("b", 0..1).into_iter();
    let posts: Vec<Post> = posts.map(|post| Post { expires, ..post }).collect();
    let post = batch("b", vec![next(ThenRule::Ended, "e")]);
    board.post_batch(&post, &posts, true).unwrap();
    arena.clock().pass(Duration::from_secs(2));
    // The same look that ends the member finds what comes after.
    assert!(worker.claim("e").is_some());
}
