use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rusqlite::Connection;
use serde_json::json;

use crate::board::conformance::arena::{TestWorker, ends, fresh};
use crate::board::sqlite::maintenance::{check, migrate};
use crate::board::sqlite::schema::{APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION};
use crate::board::sqlite::sqlite_board::SqliteBoard;
use crate::board::{
    BatchPost, Board, BoardSettings, ClaimWish, JobFilter, JobId, JobState, NextPost, Post,
    PostLimit, ThenRule, Transition,
};
use crate::flow::journal::EntryOutcome;

fn open(path: &Path) -> SqliteBoard {
    SqliteBoard::open(path, &BoardSettings::default()).unwrap()
}

fn limited(most: u32) -> Post {
    Post {
        limit: Some(PostLimit {
            key: "d".to_owned(),
            most,
        }),
        ..Post::new("d", json!({}), fresh("posting"))
    }
}

fn count(board: &SqliteBoard, state: JobState) -> u64 {
    let counts = board.counts().unwrap();
    let of_state = counts.iter().filter(|count| count.state == state);
    of_state.map(|count| count.jobs).sum()
}

fn succeed(at: crate::board::JobPosition) -> Transition {
    ends(at, EntryOutcome::Succeeded, JobState::Succeeded)
}

const POSTERS: usize = 6;
const WORKERS: usize = 6;
const EACH: usize = 40;
const MOST: usize = 3;

/// Each poster and each worker has the file open for itself, as a process of its own has.
#[test]
fn no_more_jobs_than_the_limit_run_whoever_posts_and_works() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("board.sqlite");
    drop(open(&path));
    let (running, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let was_full = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..POSTERS {
            scope.spawn(|| {
                let board = open(&path);
                for _ in 0..EACH {
                    board.post(&limited(MOST as u32)).unwrap();
                }
            });
        }
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let board = open(&path);
                let worker = TestWorker::join(&board).knows_with_limit("d", MOST as u32);
                while done.load(Ordering::SeqCst) < POSTERS * EACH {
                    let Some(job) = worker.claim("d") else {
                        std::thread::yield_now();
                        continue;
                    };
                    let at_once = running.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(at_once <= MOST, "{at_once} at once");
                    was_full.fetch_or(at_once == MOST, Ordering::SeqCst);
                    // It is over here before the board knows: another may be admitted from then on.
                    running.fetch_sub(1, Ordering::SeqCst);
                    worker.report(succeed(job.position));
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let board = open(&path);
    assert_eq!(count(&board, JobState::Succeeded), (POSTERS * EACH) as u64);
    let left = [JobState::Waiting, JobState::Limited, JobState::Running];
    assert_eq!(left.map(|state| count(&board, state)), [0, 0, 0]);
    let report = check(&path).unwrap();
    assert_eq!((report.problems, report.repaired), (vec![], vec![]));
}

#[test]
fn what_comes_after_a_batch_is_posted_once_though_its_members_end_in_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("board.sqlite");
    let board = open(&path);
    for round in 0..20 {
        let next = NextPost {
            rule: ThenRule::Succeeded,
            post: Post::new("child", json!({}), "-".to_owned()),
            expires_in: None,
            every_worker: false,
        };
        let batch = BatchPost {
            posting: fresh("batch"),
            then: vec![next],
            ..BatchPost::default()
        };
        let posts: Vec<Post> = (0..WORKERS)
            .map(|_| Post::new("d", json!({}), fresh("posting")))
            .collect();
        board.post_batch(&batch, &posts, true).unwrap();
        let barrier = std::sync::Barrier::new(WORKERS);
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    let board = open(&path);
                    let worker = TestWorker::join(&board).knows(&["d"]);
                    let at = worker.claim("d").unwrap().position;
                    barrier.wait();
                    worker.report(succeed(at));
                });
            }
        });
        let filter = JobFilter {
            definition: Some("child".to_owned()),
            limit: 100,
            ..JobFilter::default()
        };
        assert_eq!(board.jobs(&filter).unwrap().jobs.len(), round + 1);
    }
}

#[test]
fn a_board_of_version_1_keeps_its_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("board.sqlite");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(MIGRATIONS[0]).unwrap();
    old.execute_batch(
        "INSERT INTO board (only, id, epoch, schema_version, readable_from, created)
            VALUES (1, 'old', 1, 1, 1, 0);
         INSERT INTO job (state, priority, run_at, posted, definition, posting, args, posted_by)
            VALUES (0, 0, 5, 5, 'd', 'first', '{\"n\": 1}', 'anna'),
                (3, 0, 5, 5, 'd', 'second', '{}', 'anna');
         INSERT INTO job (state, seq, priority, run_at, posted, ended, definition, posting, args,
                posted_by)
            VALUES (4, 1, 0, 5, 5, 6, 'd', 'third', '{}', 'anna');
         INSERT INTO journal (job, seq, fence, step, phase, attempt, outcome, started, ended, worker)
            VALUES (3, 1, 1, 'a', 'execute', 1, 'succeeded', 5, 6, 'w');
         PRAGMA user_version = 1;",
    )
    .unwrap();
    old.pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    drop(old);
    // A check looks at it as it is.
    let report = check(&path).unwrap();
    assert_eq!((report.schema_version, report.problems), (1, vec![]));
    let migrated = migrate(&path, &BoardSettings::default()).unwrap();
    assert_eq!(migrated, (1, SCHEMA_VERSION));
    let board = open(&path);
    let worker = TestWorker::join(&board).knows_with_limit("d", 1);
    let job = worker.claim("d").unwrap();
    assert_eq!((job.position.id, job.args), (JobId(1), json!({"n": 1})));
    assert_eq!(
        worker.report(succeed(job.position)),
        crate::board::TransitionVerdict::Accepted
    );
    assert_eq!(board.journal(JobId(3)).unwrap().len(), 1);
    // Jobs from before there was a limit hold no place.
    assert!(board.post(&limited(1)).unwrap().is_new);
    assert_eq!(count(&board, JobState::Paused), 1);
    assert_eq!(check(&path).unwrap().problems, [""; 0]);
}

#[test]
fn a_check_counts_again_and_repairs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("board.sqlite");
    let board = open(&path);
    let next = NextPost {
        rule: ThenRule::Ended,
        post: Post::new("child", json!({}), "-".to_owned()),
        expires_in: None,
        every_worker: false,
    };
    let batch = BatchPost {
        posting: fresh("batch"),
        then: vec![next],
        ..BatchPost::default()
    };
    let posts = [limited(1), limited(1)];
    let id = board.post_batch(&batch, &posts, true).unwrap().id;
    let broken = board.write(|tx| {
        tx.conn.execute_batch(
            "UPDATE job SET state = 7, ended = 1 WHERE state = 0; DELETE FROM limit_key",
        )?;
        Ok(())
    });
    broken.unwrap();
    let report = check(&path).unwrap();
    assert_eq!(report.repaired.len(), 2, "{:?}", report.repaired);
    assert_eq!(check(&path).unwrap().repaired, [""; 0]);
    assert_eq!(board.batch(id).unwrap().unwrap().left, 1);
    let worker = TestWorker::join(&board).knows_with_limit("d", 1);
    let at = worker.claim("d").unwrap().position;
    worker.report(succeed(at));
    let answer = worker.advance(Vec::new(), ClaimWish::default());
    assert_eq!(answer.claimed, []);
    assert_eq!(count(&board, JobState::Waiting), 1, "what comes after");
}
