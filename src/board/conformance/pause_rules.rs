//! Time limits, pauses, and jobs that are meant for a worker.

use std::time::Duration;

use serde_json::json;

use super::arena::{
    BoardArena, TestWorker, definition, doing, ends, entry, fresh, lane, session_request,
};
use crate::board::{
    DefinitionEntry, JobRequest, JobState, LaneWish, NameRule, PauseScope, Post, SessionRequest,
    SessionWish, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

use JobState::Waiting;
use TransitionVerdict::Accepted;

pub(crate) fn a_time_limit_counts_from_the_first_claim(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let posted = board.post(&Post::new("d", json!({}), fresh("posting")));
    let id = posted.unwrap().id;
    let timed = LaneWish {
        time_limit: Some(Duration::from_secs(60)),
        ..lane("d")
    };
    arena.clock().pass(Duration::from_secs(5));
    let ends_by = Some(arena.clock().millis() + 60_000);
    let job = worker.look(timed.clone(), 1).pop().unwrap();
    assert_eq!(job.ends_by, ends_by);
    let back = ends(job.position, EntryOutcome::RetryLater, Waiting);
    assert_eq!(worker.report(back), Accepted);
    arena.clock().pass(Duration::from_secs(5));
    let job = worker.look(timed.clone(), 1).pop().unwrap();
    assert_eq!(
        (job.ends_by, board.job(id).unwrap().unwrap().ends_by),
        (ends_by, ends_by)
    );
    // A person has the job go on: its time begins anew.
    let failed = ends(job.position, EntryOutcome::Failed, JobState::Failed);
    assert_eq!(worker.report(failed), Accepted);
    board
        .request(id, &JobRequest::Retry { from: None })
        .unwrap();
    let job = worker.look(timed, 1).pop().unwrap();
    assert_eq!(job.ends_by, Some(arena.clock().millis() + 60_000));
}

pub(crate) fn nothing_of_a_paused_definition_is_claimed_but_what_is_wanted_now(
    arena: &dyn BoardArena,
) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d", "e"]);
    let post = |definition, ignores_pauses| {
        let post = Post {
            ignores_pauses,
            ..Post::new(definition, json!({}), fresh("posting"))
        };
        board.post(&post).unwrap().id
    };
    let scope = PauseScope::Definition("d".to_owned());
    assert!(board.set_pause(&scope, Some("anna")).unwrap());
    assert!(!board.set_pause(&scope, Some("berta")).unwrap());
    let (plain, other) = (post("d", false), post("e", false));
    let look = || board.look(worker.session, &[lane("d")]).unwrap().next_due;
    assert_eq!((look(), worker.claim("d")), (None, None));
    assert_eq!(worker.claim("e").unwrap().position.id, other);
    let pauses = board.wait_facts(plain).unwrap().pauses;
    assert_eq!(
        (pauses[0].by.as_str(), pauses[0].scope.clone()),
        ("anna", scope.clone())
    );
    let wanted = post("d", true);
    assert_eq!(look(), Some(arena.clock().millis()));
    assert_eq!(worker.claim("d").unwrap().position.id, wanted);
    assert!(board.set_pause(&scope, None).unwrap());
    assert_eq!(board.pauses().unwrap(), []);
    assert_eq!(worker.claim("d").unwrap().position.id, plain);
}

pub(crate) fn a_pause_of_a_project_is_one_of_its_definitions(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board);
    let of_shop = |name| DefinitionEntry {
        project: Some("shop".to_owned()),
        ..definition(name, "s")
    };
    let entries = [of_shop("d"), definition("e", "s")];
    board.enter_definitions(worker.session, &entries).unwrap();
    for name in ["d", "e"] {
        let post = Post::new(name, json!({}), fresh("posting"));
        board.post(&post).unwrap();
    }
    let scope = PauseScope::Project("shop".to_owned());
    board.set_pause(&scope, Some("anna")).unwrap();
    assert_eq!(worker.claim("d"), None);
    assert!(worker.claim("e").is_some());
    board.set_pause(&scope, None).unwrap();
    assert!(worker.claim("d").is_some());
}

pub(crate) fn a_paused_worker_sleeps_also_when_it_joins_again(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let scope = PauseScope::Worker(worker.name.clone());
    board.set_pause(&scope, Some("anna")).unwrap();
    assert_eq!(worker.beat().wish, SessionWish::Sleep);
    let request = SessionRequest {
        if_taken: NameRule::TakeOver,
        ..session_request(&worker.name, "here")
    };
    let session = board.join(&request).unwrap().session;
    let again = TestWorker {
        session,
        board,
        name: worker.name.clone(),
    };
    assert_eq!(again.beat().wish, SessionWish::Sleep);
    assert_eq!(worker.beat().wish, SessionWish::Drain);
    board.set_pause(&scope, None).unwrap();
    assert_eq!(again.beat().wish, SessionWish::Work);
    assert_eq!(worker.beat().wish, SessionWish::Drain);
}

pub(crate) fn a_job_for_a_worker_is_claimed_by_no_other(arena: &dyn BoardArena) {
    let board = arena.board();
    let one = TestWorker::join(board).knows(&["d"]);
    let other = TestWorker::join(board).knows(&["d"]);
    let post = Post {
        for_worker: Some(one.name.clone()),
        ..Post::new("d", json!({}), fresh("posting"))
    };
    let id = board.post(&post).unwrap().id;
    let look = |worker: &TestWorker<'_>| board.look(worker.session, &[lane("d")]).unwrap();
    assert_eq!((other.claim("d"), look(&other).next_due), (None, None));
    let facts = board.wait_facts(id).unwrap().workers;
    let is_for_other: Vec<bool> = facts.iter().map(|worker| worker.is_for_other).collect();
    assert_eq!(is_for_other, [false, true]);
    let job = one.claim("d").unwrap();
    let going_on = Transition {
        entries: vec![entry(job.position, "a", EntryOutcome::Succeeded)],
        ..Transition::begin(job.position, vec![doing("b")])
    };
    assert_eq!((job.position.id, one.report(going_on)), (id, Accepted));
}
