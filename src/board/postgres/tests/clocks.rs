//! A worker whose clock is wrong by an hour.

use std::sync::Arc;
use std::time::Duration;

use super::arena::PostgresArena;
use crate::board::conformance::arena::{TestWorker, ends, lane, post};
use crate::board::postgres::pg_board::PostgresBoard;
use crate::board::{Board, BoardSettings, JobState, Transition};
use crate::core::time::{Moment, unix_millis};
use crate::flow::journal::EntryOutcome;
use crate::unix::clock;

const WRONG_BY: Duration = Duration::from_secs(3_600);

fn wrong_now() -> Moment {
    let now = clock::now();
    Moment {
        wall: now.wall - WRONG_BY,
        ..now
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_worker_with_a_wrong_clock_begins_what_is_due_and_waits_as_long_as_others() {
    let arena = PostgresArena::new();
    let opening = BoardSettings {
        clock: Arc::new(wrong_now),
        ..BoardSettings::default()
    };
    let board = PostgresBoard::open(&arena.settings, &opening, None).unwrap();
    let worker = TestWorker::join(&board).knows(&["d"]);
    post(&board, "d");
    let here = || unix_millis(wrong_now().wall);
    let look = board.look(worker.session, &[lane("d")]).unwrap();
    assert!(look.next_due.unwrap() <= here() + 1_000);
    let mut limited = lane("d");
    limited.time_limit = Some(Duration::from_secs(600));
    let job = worker.look(limited, 1).remove(0);
    let left = job.ends_by.unwrap() - here();
    assert!((500_000..=601_000).contains(&left), "{left} ms");
    let retry = Transition {
        run_at: here() + 60_000,
        ..ends(job.position, EntryOutcome::Failed, JobState::Waiting)
    };
    worker.report(retry);
    let run_at = board.job(job.position.id).unwrap().unwrap().run_at;
    let waits = run_at - unix_millis(clock::now().wall);
    assert!((0..=61_000).contains(&waits), "{waits} ms");
}
