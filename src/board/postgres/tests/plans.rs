//! What the calls of workers read, however many jobs there are.

use std::time::Duration;

use super::arena::PostgresArena;
use crate::board::conformance::arena::{BoardArena, TestWorker, doing, ends, lane, post};
use crate::board::postgres::lane_marks::LaneMarks;
use crate::board::postgres::pg_opening::calls_of;
use crate::board::{JobFilter, JobState, Transition};
use crate::flow::journal::EntryOutcome;

/// Jobs of others: waiting, behind a limit, and over.
const OTHERS: &str = "
INSERT INTO run_functions.job (state, priority, run_at, posted, ended, limit_key, definition,
    posting, args, posted_by)
SELECT (number % 4)::smallint + CASE WHEN number % 4 = 2 THEN 2 ELSE 0 END, 0, 0, 0,
    CASE WHEN number % 4 = 2 THEN 0 END, CASE WHEN number % 4 = 1 THEN 'k' END, 'other',
    'other ' || number, '{}', ''
FROM generate_series(1, 40000) AS number";

/// Rows of tables that were read without an index, or found by one.
const ROWS_READ: &str = "
SELECT (SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables
        WHERE relname IN ('job', 'journal', 'output')),
    (SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes
        WHERE relname IN ('job', 'journal', 'output'))";

fn rows_read(arena: &PostgresArena) -> (i64, i64) {
    // Each connection has counts of its own, until it hands them in.
    arena.sql("SELECT pg_stat_force_next_flush()");
    arena.sql("SELECT pg_stat_clear_snapshot()");
    let row = arena.sql(ROWS_READ).remove(0);
    (row.get(0), row.get(1))
}

#[test]
#[ignore = "needs PostgreSQL"]
fn the_calls_of_workers_read_few_rows_however_many_there_are() {
    let arena = PostgresArena::new();
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    arena.sql(OTHERS);
    let before = rows_read(&arena);
    let turns: i64 = 20;
    for _ in 0..turns {
        let id = post(board, "d");
        board.look(worker.session, &[lane("d")]).unwrap();
        board.peek(worker.session, &[lane("d")], 2).unwrap();
        let job = worker.claim("d").unwrap();
        assert_eq!(job.position.id, id);
        worker.report(Transition::begin(job.position, vec![doing("a")]));
        worker.beat();
        worker.report(ends(
            job.position,
            EntryOutcome::Succeeded,
            JobState::Succeeded,
        ));
        board.journal(id).unwrap();
    }
    let after = rows_read(&arena);
    assert_eq!(after.0, before.0, "a table was read from end to end");
    let each = (after.1 - before.1) / turns;
    assert!(each < 200, "{each} rows of indexes for each job");
}

#[test]
#[ignore = "needs PostgreSQL"]
fn what_people_look_at_reads_no_more_than_it_shows() {
    let arena = PostgresArena::new();
    arena.sql(OTHERS);
    let before = rows_read(&arena);
    let page = |states: Vec<JobState>| {
        let filter = JobFilter {
            states,
            limit: 50,
            ..JobFilter::default()
        };
        arena.board().jobs(&filter).unwrap().jobs.len()
    };
    assert_eq!(page(Vec::new()), 50);
    assert_eq!(page(vec![JobState::Waiting]), 50);
    assert_eq!(page(vec![JobState::Running]), 0);
    let after = rows_read(&arena);
    assert_eq!(after.0, before.0, "a table was read from end to end");
    assert!(after.1 - before.1 < 2_000, "{} rows", after.1 - before.1);
    let counts = arena.board().counts().unwrap();
    let most = counts.iter().map(|count| count.jobs).max();
    assert_eq!(most, Some(10_000), "{counts:?}");
}

/// A forgotten transaction keeps what was claimed in the index of what waits.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_held_snapshot_makes_no_claim_read_what_others_have_claimed() {
    let mut arena = PostgresArena::new();
    arena.board.marks = LaneMarks::with_slow(Duration::ZERO);
    let holder = calls_of(&arena.settings, Duration::from_secs(60)).unwrap();
    let begun = holder
        .pool
        .with_connection(Duration::from_secs(60), async |connection| {
            let begin =
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM run_functions.job";
            Ok(connection.client.batch_execute(begin).await?)
        });
    begun.unwrap();
    // What many claims leave, as far as the snapshot is concerned.
    arena.sql(
        "INSERT INTO run_functions.job (state, priority, run_at, posted, definition, posting, args,
            posted_by)
        SELECT 0, 0, 1, 0, 'd', 'old ' || number, '{}', '' FROM generate_series(1, 30000) AS number",
    );
    arena.sql("UPDATE run_functions.job SET state = 4, ended = 1");
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let turn = || {
        post(arena.board(), "d");
        worker.claim("d").unwrap();
    };
    turn();
    let before = rows_read(&arena);
    for _ in 0..20 {
        turn();
    }
    let after = rows_read(&arena);
    let each = (after.1 - before.1) / 20;
    assert!(each < 1_000, "{each} rows of indexes for each claim");
    drop(holder);
}
