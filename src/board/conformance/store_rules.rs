//! What a board stores is read back, and removed when its time is over.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, definition, doing, ends, entry, fresh, lane, post};
use crate::board::job_record::JobOutcome;
use crate::board::{
    BoardError, CannotNow, ClaimWish, ClaimedJob, DefinitionEntry, JobFilter, JobId, JobPosition,
    JobState, KeepLimits, OutputBatch, OutputPart, Post, Transition, TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

use TransitionVerdict::Accepted;

pub(crate) fn what_is_over_is_removed_in_steps_and_what_is_stuck_never(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let posts = (0..602).map(|_| Post::new("d", json!({}), fresh("posting")));
    board.post_all(&posts.collect::<Vec<_>>()).unwrap();
    let jobs = worker.look(lane("d"), 602);
    let end = |job: &ClaimedJob, state| ends(job.position, EntryOutcome::Succeeded, state);
    let mut all: Vec<Transition> = jobs
        .iter()
        .map(|job| end(job, JobState::Succeeded))
        .collect();
    all[0].state = JobState::Stuck;
    all[1].state = JobState::Failed;
    worker.advance(all, ClaimWish::default());
    let count = |state| {
        let counts = board.counts().unwrap();
        counts
            .iter()
            .find(|count| count.state == state)
            .map_or(0, |count| count.jobs)
    };
    let by_number = KeepLimits {
        most_succeeded: 50,
        ..KeepLimits::default()
    };
    let first = board.gc(&by_number).unwrap();
    // A job and its entry are two rows.
    assert_eq!((first.jobs, first.rows, first.has_more), (250, 500, true));
    while board.gc(&by_number).unwrap().has_more {}
    assert_eq!(
        (count(JobState::Succeeded), count(JobState::Failed)),
        (50, 1)
    );
    arena.clock().pass(Duration::from_secs(8 * 86_400));
    while board.gc(&KeepLimits::default()).unwrap().has_more {}
    assert_eq!(
        (count(JobState::Succeeded), count(JobState::Failed)),
        (0, 1)
    );
    arena.clock().pass(Duration::from_secs(90 * 86_400));
    while board.gc(&KeepLimits::default()).unwrap().has_more {}
    assert_eq!((count(JobState::Failed), count(JobState::Stuck)), (0, 1));
}

pub(crate) fn posts_are_all_made_or_none(arena: &dyn BoardArena) {
    let board = arena.board();
    let keyed = |key: &str, posting: &str| Post {
        key: Some(key.to_owned()),
        ..Post::new("d", json!({}), posting.to_owned())
    };
    let there = board.post(&keyed("k", "one")).unwrap().id;
    let refused = board.post_all(&[keyed("l", "two"), keyed("k", "three")]);
    let state = JobState::Waiting;
    assert_eq!(refused, Err(BoardError::KeyTaken { id: there, state }));
    let filter = JobFilter {
        limit: 10,
        ..JobFilter::default()
    };
    assert_eq!(board.jobs(&filter).unwrap().jobs.len(), 1);
    let both = [keyed("l", "two"), keyed("m", "three")];
    let receipts = board.post_all(&both).unwrap();
    let again = board.post_all(&both).unwrap();
    for (first, second) in receipts.iter().zip(&again) {
        assert!(first.is_new && !second.is_new && first.id == second.id);
    }
    let odd = Post {
        priority: 3,
        ..keyed("n", "four")
    };
    assert!(matches!(board.post(&odd), Err(BoardError::Malformed(_))));
}

pub(crate) fn the_outcome_of_a_write_is_read_back(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let id = post(board, "d");
    let at = worker.claim("d").unwrap().position;
    let one = Transition {
        doing: vec![doing("b")],
        ..ends(at, EntryOutcome::Succeeded, JobState::Running)
    };
    let asked = [
        one.after(),
        JobPosition {
            id: JobId(999_999),
            ..at
        },
    ];
    let outcome = |has_entry, seq, doing| JobOutcome {
        state: JobState::Running,
        owner: Some(worker.session),
        fence: at.fence,
        seq,
        doing,
        has_entry,
    };
    let before = outcome(false, 0, Vec::new());
    assert_eq!(board.outcome_of(&asked).unwrap(), [Some(before), None]);
    assert_eq!(worker.report(one), Accepted);
    let after = outcome(true, 1, vec![doing("b")]);
    assert_eq!(board.outcome_of(&asked[..1]).unwrap(), [Some(after)]);
    assert_eq!(board.job(id).unwrap().unwrap().worker, Some(worker.name));
}

pub(crate) fn output_is_stored_once_and_under_the_last_fence(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let id = post(board, "d");
    let fence = worker.claim("d").unwrap().position.fence;
    let part = |part, text: &str| OutputPart {
        part,
        step: "a".to_owned(),
        attempt: 1,
        at: 5,
        omitted: 0,
        text: text.to_owned(),
    };
    let send = |fence, parts| {
        board
            .append_output(&OutputBatch { id, fence, parts })
            .unwrap()
    };
    assert!(send(fence, vec![part(0, "one"), part(1, "two")]));
    assert!(send(fence, vec![part(1, "again"), part(2, "three")]));
    assert!(!send(fence - 1, vec![part(3, "late")]));
    let texts = |after| -> Vec<String> {
        let parts = board.output(id, after).unwrap();
        parts.into_iter().map(|part| part.text).collect()
    };
    assert_eq!(texts(None), ["one", "two", "three"]);
    assert_eq!(texts(Some(1)), ["three"]);
    assert!(worker.beat().watched.is_empty());
    board.watch_output(id, Duration::from_secs(10)).unwrap();
    assert_eq!(worker.beat().watched, [id]);
    arena.clock().pass(Duration::from_secs(11));
    assert!(worker.beat().watched.is_empty());
}

pub(crate) fn pages_of_jobs_follow_one_another(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d", "e"]);
    let ids: Vec<JobId> = (0..5).map(|_| post(board, "d")).collect();
    post(board, "e");
    let at = worker.claim("d").unwrap().position;
    let failed = Transition {
        entries: vec![crate::flow::journal::JournalEntry {
            kind: Some("disk full".to_owned()),
            ..entry(at, "a", EntryOutcome::Failed)
        }],
        ..ends(at, EntryOutcome::Failed, JobState::Failed)
    };
    assert_eq!(worker.report(failed), Accepted);
    let of_d = JobFilter {
        definition: Some("d".to_owned()),
        limit: 2,
        ..JobFilter::default()
    };
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let filter = JobFilter {
            before,
            ..of_d.clone()
        };
        let page = board.jobs(&filter).unwrap();
        found.extend(page.jobs.iter().map(|job| job.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found, ids.iter().rev().copied().collect::<Vec<_>>());
    let ids_of = |filter| -> Vec<JobId> {
        let page = board.jobs(&JobFilter { limit: 9, ..filter }).unwrap();
        page.jobs.iter().map(|job| job.id).collect()
    };
    let in_states = |states: &[JobState], definition: Option<&str>| {
        ids_of(JobFilter {
            states: states.to_vec(),
            definition: definition.map(str::to_owned),
            ..JobFilter::default()
        })
    };
    let running = worker.claim("d").unwrap().position.id;
    let waiting: Vec<JobId> = ids[2..].iter().rev().copied().collect();
    assert_eq!(in_states(&[JobState::Waiting], Some("d")), waiting);
    assert_eq!(in_states(&[JobState::Waiting], None).len(), 4);
    assert_eq!(in_states(&[JobState::Running], None), [running]);
    let over = [JobState::Failed, JobState::Stuck];
    assert_eq!(in_states(&over, None), [at.id]);
    let mixed = [JobState::Failed, JobState::Running, JobState::Succeeded];
    assert_eq!(in_states(&mixed, None), [running, at.id]);
    let kind = Some("disk full".to_owned());
    assert_eq!(
        ids_of(JobFilter {
            kind,
            ..JobFilter::default()
        }),
        [at.id]
    );
    let counts = board.counts().unwrap();
    let count = |definition: &str, state| {
        let found = counts
            .iter()
            .find(|c| c.definition == definition && c.state == state);
        found.map_or(0, |count| count.jobs)
    };
    assert_eq!(
        (count("d", JobState::Waiting), count("d", JobState::Failed)),
        (3, 1)
    );
    assert_eq!(
        (count("e", JobState::Waiting), count("e", JobState::Running)),
        (1, 0)
    );
}

pub(crate) fn what_a_job_waits_for_is_known(arena: &dyn BoardArena) {
    let board = arena.board();
    post(board, "d");
    let id = post(board, "d");
    let facts = board.wait_facts(id).unwrap();
    assert_eq!(
        (facts.needs, facts.workers.len(), facts.before),
        (None, 0, 1)
    );
    let worker = TestWorker::join(board);
    let mut entry = definition("d", "s");
    entry.needs = vec!["gpu".to_owned()];
    board.enter_definitions(worker.session, &[entry]).unwrap();
    let facts = board.wait_facts(id).unwrap();
    assert_eq!(facts.needs, Some(vec!["gpu".to_owned()]));
    assert!(facts.workers[0].knows_definition && facts.workers[0].lacks == ["gpu"]);
    assert_eq!(board.definitions().unwrap()[0].sessions, 1);
    let missing = board.wait_facts(JobId(999_999));
    assert_eq!(missing, Err(BoardError::NoSuchJob(JobId(999_999))));
}

pub(crate) fn what_a_worker_cannot_do_now_is_known_until_it_is_replaced(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board);
    let entry = DefinitionEntry {
        needs: vec!["port".to_owned()],
        ..definition("d", "shape")
    };
    board.enter_definitions(worker.session, &[entry]).unwrap();
    let [first, second] = [post(board, "d"), post(board, "d")];
    let beat = worker.counter();
    let cannot = CannotNow {
        job: first,
        tag: "port".to_owned(),
    };
    board.set_cannot_now(worker.session, &[cannot]).unwrap();
    let of = |id: JobId| board.wait_facts(id).unwrap().workers[0].cannot_now.clone();
    assert_eq!((of(first), of(second)), (vec!["port".to_owned()], vec![]));
    assert_eq!(worker.counter(), beat, "it is no beat");
    board.set_cannot_now(worker.session, &[]).unwrap();
    assert!(of(first).is_empty());
    board.leave(worker.session).unwrap();
    let over = board.set_cannot_now(worker.session, &[]);
    assert_eq!(over, Err(BoardError::SessionOver(worker.session)));
}
