//! What is mailed: facts with the ends of jobs, one alerter, mails that stay until they have left.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, definition, ends, fresh, lane, post};
use crate::board::{
    AlertRecord, AlertsHold, Beat, Board, BoardError, ClaimWish, ClaimedJob, DefinitionEntry,
    EndCount, EndFailure, JobId, JobState, NewMail, Post, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

/// Makes a test of each rule for an engine.
macro_rules! alert_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            alert_rules, $arena $(, #[$meta])? =>
            ends_alike_in_one_transaction_are_one_fact
            successes_and_late_ends_are_no_facts
            a_job_that_a_reap_makes_stuck_is_a_fact
            one_session_holds_the_lock_until_it_is_over
            a_session_that_is_over_holds_no_lock
            a_former_holder_records_nothing
            what_is_decided_is_recorded_whole_and_once
            the_counters_of_sessions_are_read_after_they_left
            a_memory_is_replaced_only_as_it_was_read
            a_mail_is_claimed_by_one_session_until_that_is_over
            a_mail_is_changed_by_the_session_that_claimed_it_alone
            a_mail_that_is_put_off_is_due_at_its_time
            a_session_without_a_way_claims_while_none_has_one
            open_jobs_are_those_that_may_end_soon
            a_job_that_waits_for_too_long_is_found_until_it_begins
            a_stuck_job_is_found_until_a_person_decides
            a_worker_that_was_not_heard_from_is_missed_until_it_comes_back
        }
    };
}
pub(crate) use alert_rule_tests;

fn failure(kind: &str, build: &str) -> EndFailure {
    EndFailure {
        kind: kind.to_owned(),
        text: format!("failed as {kind}"),
        build: build.to_owned(),
    }
}

fn fails(job: &ClaimedJob, kind: &str, build: &str) -> Transition {
    Transition {
        failure: Some(failure(kind, build)),
        ..ends(job.position, EntryOutcome::Failed, JobState::Failed)
    }
}

fn claimed(worker: &TestWorker<'_>, definition: &str, jobs: u32) -> Vec<ClaimedJob> {
    for _ in 0..jobs {
        post(worker.board, definition);
    }
    let claimed = worker.look(lane(definition), jobs);
    assert_eq!(claimed.len(), jobs as usize);
    claimed
}

fn held(board: &dyn Board, worker: &TestWorker<'_>) -> u64 {
    match board.hold_alerts(worker.session).unwrap() {
        AlertsHold::Held(fence) => fence,
        AlertsHold::Other(other) => panic!("held by {other}"),
    }
}

fn mail(name: &str) -> NewMail {
    NewMail {
        message_id: name.to_owned(),
        letter: format!("letter {name}"),
    }
}

/// Has a worker put mails on the board.
fn put(worker: &TestWorker<'_>, names: &[&str]) {
    let fence = held(worker.board, worker);
    let record = AlertRecord {
        session: worker.session,
        fence,
        taken: Vec::new(),
        memory: "m".to_owned(),
        mails: names.iter().map(|name| mail(name)).collect(),
    };
    assert!(worker.board.record_alerts(&record).unwrap());
}

pub(crate) fn ends_alike_in_one_transaction_are_one_fact(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    let jobs = claimed(&worker, "a", 4);
    let mut batch: Vec<Transition> = jobs[..3].iter().map(|job| fails(job, "k", "1")).collect();
    batch.push(fails(&jobs[3], "other", "1"));
    worker.advance(batch, ClaimWish::default());
    let facts = board.look_at_facts(10).unwrap().facts;
    let short: Vec<_> = facts
        .iter()
        .map(|fact| (fact.failure.kind.as_str(), fact.jobs, fact.job))
        .collect();
    let id = |at: usize| jobs[at].position.id;
    assert_eq!(short, [("k", 3, id(2)), ("other", 1, id(3))]);
    assert_eq!(facts[0].definition, "a");
    assert_eq!(facts[0].failure, failure("k", "1"));
    assert_eq!(
        (facts[0].first, facts[0].last),
        (arena.clock().millis(), arena.clock().millis())
    );
    assert_eq!(board.look_at_facts(1).unwrap().facts, facts[..1]);
    // Another transaction makes a fact of its own, and so does another build.
    let jobs = claimed(&worker, "a", 2);
    let batch = vec![fails(&jobs[0], "k", "1"), fails(&jobs[1], "k", "2")];
    worker.advance(batch, ClaimWish::default());
    assert_eq!(board.look_at_facts(10).unwrap().facts.len(), 4);
}

pub(crate) fn successes_and_late_ends_are_no_facts(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    let jobs = claimed(&worker, "a", 2);
    let good = ends(
        jobs[0].position,
        EntryOutcome::Succeeded,
        JobState::Succeeded,
    );
    assert_eq!(worker.report(good), TransitionVerdict::Accepted);
    worker.is_reaped();
    let late = Transition {
        failure: Some(failure("k", "1")),
        ..ends(jobs[1].position, EntryOutcome::Failed, JobState::Failed)
    };
    let other = TestWorker::join(board).knows(&["a"]);
    assert_eq!(other.report(late), TransitionVerdict::Stale);
    assert_eq!(board.look_at_facts(10).unwrap().facts, []);
}

pub(crate) fn a_job_that_a_reap_makes_stuck_is_a_fact(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    let id = post(board, "a");
    let mut once = lane("a");
    once.max_crashes = 1;
    assert_eq!(worker.look(once, 1).len(), 1);
    worker.is_reaped();
    let facts = board.look_at_facts(10).unwrap().facts;
    assert_eq!(facts.len(), 1, "{facts:?}");
    assert_eq!((facts[0].state, facts[0].job), (JobState::Stuck, id));
    assert!(facts[0].failure.text.contains("died"), "{facts:?}");
}

pub(crate) fn one_session_holds_the_lock_until_it_is_over(arena: &dyn BoardArena) {
    let board = arena.board();
    let (first, second) = (TestWorker::join(board), TestWorker::join(board));
    let fence = held(board, &first);
    assert_eq!(held(board, &first), fence);
    let other = board.hold_alerts(second.session).unwrap();
    assert_eq!(other, AlertsHold::Other(first.session));
    board.leave(first.session).unwrap();
    assert!(held(board, &second) > fence);
}

pub(crate) fn a_session_that_is_over_holds_no_lock(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board);
    worker.is_reaped();
    let refused = board.hold_alerts(worker.session);
    assert_eq!(refused, Err(BoardError::SessionOver(worker.session)));
}

pub(crate) fn a_former_holder_records_nothing(arena: &dyn BoardArena) {
    let board = arena.board();
    let (first, second) = (
        TestWorker::join(board),
        TestWorker::join(board).knows(&["a"]),
    );
    let fence = held(board, &first);
    let jobs = claimed(&second, "a", 1);
    second.report(fails(&jobs[0], "k", "1"));
    let fact = board.look_at_facts(1).unwrap().facts[0].id;
    first.is_reaped();
    let later = held(board, &second);
    let record = |session, fence| AlertRecord {
        session,
        fence,
        taken: vec![fact],
        memory: "of the former".to_owned(),
        mails: vec![mail("x")],
    };
    assert!(!board.record_alerts(&record(first.session, fence)).unwrap());
    assert!(!board.record_alerts(&record(second.session, fence)).unwrap());
    assert_eq!(board.alert_memory("alerter").unwrap(), None);
    assert_eq!(board.look_at_facts(10).unwrap().facts.len(), 1);
    assert_eq!(board.mails().unwrap(), []);
    assert!(board.record_alerts(&record(second.session, later)).unwrap());
}

pub(crate) fn what_is_decided_is_recorded_whole_and_once(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    for job in claimed(&worker, "a", 2) {
        worker.report(fails(&job, "k", "1"));
    }
    let facts = board.look_at_facts(10).unwrap().facts;
    let fence = held(board, &worker);
    let record = AlertRecord {
        session: worker.session,
        fence,
        taken: vec![facts[0].id],
        memory: "remembered".to_owned(),
        mails: vec![mail("x"), mail("y")],
    };
    // Sent again after no answer.
    for _ in 0..2 {
        assert!(board.record_alerts(&record).unwrap());
    }
    assert_eq!(board.look_at_facts(10).unwrap().facts, facts[1..]);
    assert_eq!(
        board.alert_memory("alerter").unwrap().as_deref(),
        Some("remembered")
    );
    let mails = board.mails().unwrap();
    let letters: Vec<&str> = mails.iter().map(|mail| mail.letter.as_str()).collect();
    assert_eq!(letters, ["letter x", "letter y"]);
}

pub(crate) fn the_counters_of_sessions_are_read_after_they_left(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board);
    let ended = vec![EndCount {
        definition: "a".to_owned(),
        succeeded: 7,
        failed: 1,
    }];
    let beat = Beat {
        session: worker.session,
        is_idle: true,
        ended: ended.clone(),
    };
    board.beat(&beat).unwrap();
    board.leave(worker.session).unwrap();
    let counts = || {
        let all = board.look_at_facts(10).unwrap().counts;
        let own = all.into_iter().find(|one| one.session == worker.session);
        own.map(|one| one.ended)
    };
    arena.clock().pass(Duration::from_secs(60));
    assert_eq!(counts(), Some(ended));
    arena.clock().pass(Duration::from_secs(3600));
    assert_eq!(counts(), None);
}

pub(crate) fn a_memory_is_replaced_only_as_it_was_read(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = fresh("memory");
    assert!(board.replace_alert_memory(&name, None, "1").unwrap());
    assert!(!board.replace_alert_memory(&name, None, "2").unwrap());
    assert!(board.replace_alert_memory(&name, Some("1"), "3").unwrap());
    assert_eq!(board.alert_memory(&name).unwrap().as_deref(), Some("3"));
}

pub(crate) fn a_mail_is_claimed_by_one_session_until_that_is_over(arena: &dyn BoardArena) {
    let board = arena.board();
    let (first, second) = (TestWorker::join(board), TestWorker::join(board));
    put(&first, &["x"]);
    assert_eq!(
        board.claim_mails(first.session, 10, false).unwrap().len(),
        1
    );
    assert_eq!(board.claim_mails(second.session, 10, false).unwrap(), []);
    assert_eq!(board.next_mail().unwrap(), None);
    assert_eq!(board.mails().unwrap()[0].claimed_by, Some(first.session));
    first.is_reaped();
    assert_eq!(board.next_mail().unwrap(), Some(0));
    assert_eq!(
        board.claim_mails(second.session, 10, false).unwrap().len(),
        1
    );
    board.release_mails(second.session).unwrap();
    assert_eq!(
        board.claim_mails(second.session, 10, false).unwrap().len(),
        1
    );
}

pub(crate) fn a_mail_is_changed_by_the_session_that_claimed_it_alone(arena: &dyn BoardArena) {
    let board = arena.board();
    let (first, second) = (TestWorker::join(board), TestWorker::join(board));
    put(&first, &["x"]);
    let id = board.claim_mails(first.session, 10, false).unwrap()[0].id;
    assert!(!board.update_mail(second.session, id, "other", 5).unwrap());
    assert!(!board.remove_mail(second.session, id).unwrap());
    assert!(board.update_mail(first.session, id, "own", 5).unwrap());
    assert_eq!(board.mails().unwrap()[0].letter, "own");
    assert!(board.remove_mail(first.session, id).unwrap());
    assert!(!board.remove_mail(first.session, id).unwrap());
    assert_eq!(board.mails().unwrap(), []);
}

pub(crate) fn a_mail_that_is_put_off_is_due_at_its_time(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board);
    put(&worker, &["x"]);
    let id = board.claim_mails(worker.session, 10, false).unwrap()[0].id;
    let next = arena.clock().millis() + 30_000;
    assert!(board.update_mail(worker.session, id, "x", next).unwrap());
    board.release_mails(worker.session).unwrap();
    assert_eq!(board.next_mail().unwrap(), Some(next));
    assert_eq!(board.claim_mails(worker.session, 10, false).unwrap(), []);
    assert_eq!(
        board.claim_mails(worker.session, 10, true).unwrap().len(),
        1
    );
    board.release_mails(worker.session).unwrap();
    arena.clock().pass(Duration::from_secs(30));
    worker.beat();
    assert_eq!(
        board.claim_mails(worker.session, 10, false).unwrap().len(),
        1
    );
}

pub(crate) fn a_session_without_a_way_claims_while_none_has_one(arena: &dyn BoardArena) {
    let board = arena.board();
    let (plain, able) = (TestWorker::join(board), TestWorker::join(board));
    put(&plain, &["x"]);
    assert_eq!(board.deliverers().unwrap(), 0);
    board.set_delivers(able.session, true).unwrap();
    assert_eq!(board.deliverers().unwrap(), 1);
    assert_eq!(board.claim_mails(plain.session, 10, false).unwrap(), []);
    assert_eq!(board.claim_mails(able.session, 10, false).unwrap().len(), 1);
    board.leave(able.session).unwrap();
    assert_eq!(board.deliverers().unwrap(), 0);
    assert_eq!(
        board.claim_mails(plain.session, 10, false).unwrap().len(),
        1
    );
}

pub(crate) fn open_jobs_are_those_that_may_end_soon(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    let is_open = || board.has_open_jobs("a", 30_000).unwrap();
    assert!(!is_open());
    let later = Post {
        run_at: arena.clock().millis() + 60_000,
        ..Post::new("a", json!({}), fresh("posting"))
    };
    board.post(&later).unwrap();
    assert!(!is_open());
    arena.clock().pass(Duration::from_secs(40));
    worker.beat();
    assert!(is_open());
    arena.clock().pass(Duration::from_secs(20));
    let job = worker.claim("a").unwrap();
    assert!(is_open());
    assert!(!board.has_open_jobs("b", 30_000).unwrap());
    worker.report(fails(&job, "k", "1"));
    assert!(!is_open());
}

pub(crate) fn a_job_that_waits_for_too_long_is_found_until_it_begins(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board);
    let entry = DefinitionEntry {
        schema: json!({ "waiting_for_at_most_ms": 60_000 }),
        ..definition("a", "s")
    };
    board.enter_definitions(worker.session, &[entry]).unwrap();
    let id = post(board, "a");
    let since = arena.clock().millis();
    let waiting = || board.look_at_conditions().unwrap().waiting;
    assert_eq!(waiting(), []);
    arena.clock().pass(Duration::from_secs(61));
    worker.beat();
    let found = waiting();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].job, found[0].at_most), (id, 60_000));
    assert!((since - found[0].since).abs() <= 1, "{found:?} {since}");
    assert!(worker.claim("a").is_some());
    assert_eq!(waiting(), []);
}

pub(crate) fn a_stuck_job_is_found_until_a_person_decides(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    let job = claimed(&worker, "a", 1).remove(0);
    let stuck = Transition {
        reason: Some("its revert failed".to_owned()),
        ..ends(job.position, EntryOutcome::Failed, JobState::Stuck)
    };
    worker.report(stuck);
    let ids = || -> Vec<JobId> {
        let found = board.look_at_conditions().unwrap().stuck;
        found.iter().map(|one| one.job).collect()
    };
    assert_eq!(ids(), [job.position.id]);
    let cancel = crate::board::JobRequest::Cancel;
    board.request(job.position.id, &cancel).unwrap();
    assert_eq!(ids(), []);
}

pub(crate) fn a_worker_that_was_not_heard_from_is_missed_until_it_comes_back(
    arena: &dyn BoardArena,
) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["a"]);
    claimed(&worker, "a", 2);
    let idle = TestWorker::join(board);
    let lost = || board.look_at_conditions().unwrap().lost;
    assert_eq!(lost(), []);
    idle.is_reaped();
    worker.is_reaped();
    let found = lost();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0].name, found[0].jobs), (&worker.name, 2));
    let again = super::arena::session_request(&worker.name, "here");
    board.join(&again).unwrap();
    assert_eq!(lost(), []);
}
