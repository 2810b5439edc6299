//! What follows when the server is another one: promoted, restored, or a copy.

use std::time::Duration;

use super::arena::PostgresArena;
use super::server::TestServer;
use crate::board::BoardSettings;
use crate::board::conformance::arena::{BoardArena, TestWorker, VirtualClock, lane, post};
use crate::board::postgres::pg_board::PostgresBoard;

/// Makes the board believe that it was on another server before.
fn is_moved(arena: &PostgresArena) {
    arena.sql("UPDATE run_functions.board SET timeline = '00000000'");
}

#[test]
#[ignore = "needs PostgreSQL"]
fn on_another_server_nothing_is_claimed_before_the_longest_lease_has_passed() {
    let arena = PostgresArena::new();
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    for _ in 0..3 {
        post(board, "d");
    }
    let mut long = lane("d");
    long.lease = Duration::from_secs(300);
    let before = worker.look(long.clone(), 1).remove(0);
    is_moved(&arena);
    assert!(worker.claim("d").is_none());
    assert!(board.wait_facts(post(board, "d")).unwrap().is_barred);
    let beat = worker.beat();
    assert_eq!((beat.epoch, beat.owned.len()), (2, 1), "work goes on");
    arena.clock().pass(Duration::from_secs(303));
    assert!(
        worker.claim("d").is_none(),
        "a percent and 50 ms are missing"
    );
    arena.clock().pass(Duration::from_millis(100));
    let after = worker.claim("d").unwrap();
    assert!(before.position.fence < 2 << 40 && after.position.fence > 2 << 40);
    assert!(worker.claim("d").is_some(), "the hold is over");
}

#[test]
#[ignore = "needs PostgreSQL"]
fn the_epoch_is_raised_once_by_whichever_call_comes_first() {
    let arena = PostgresArena::new();
    let board = arena.board();
    let first = TestWorker::join(board).knows(&["d"]);
    let second = TestWorker::join(board).knows(&["d"]);
    is_moved(&arena);
    assert_eq!(first.beat().epoch, 2);
    assert_eq!(second.beat().epoch, 2);
    assert!(second.claim("d").is_none());
    assert_eq!(first.beat().epoch, 2);
}

/// A standby that follows asynchronously, is cut off, and is promoted: what was claimed meanwhile
/// is not known there.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_promoted_standby_gives_no_job_to_a_second_worker_within_the_lease() {
    let first = TestServer::start("-c max_connections=50 -c wal_level=replica");
    first.sql("CREATE DATABASE rf").unwrap();
    let clock = VirtualClock::new();
    let opening = BoardSettings::default();
    let open = |server: &TestServer| {
        let settings = server.settings("rf");
        PostgresBoard::open(&settings, &opening, Some(clock.board_clock())).unwrap()
    };
    let board = open(&first);
    let worker = TestWorker::join(&board).knows(&["d"]);
    let kept = worker_claims(&worker, &board);
    let directory = tempfile::Builder::new().prefix("rf-pg").tempdir().unwrap();
    let directory = directory.keep();
    base_backup(&first, directory.to_str().unwrap());
    let standby = TestServer::start_in(directory.to_str().unwrap(), "-c max_connections=50");
    let caught_up = post(&board, "d");
    eventually(|| standby_has(&standby, caught_up.0));
    standby.sql("SELECT pg_wal_replay_pause()").unwrap();
    // The standby does not hear of this claim.
    let lost = worker.claim("d").unwrap();
    first.control("-m immediate stop");
    standby.sql("SELECT pg_wal_replay_resume()").ok();
    standby.control("promote -w");
    let board = open(&standby);
    let heir = TestWorker::join(&board).knows(&["d"]);
    assert!(heir.claim("d").is_none(), "the holder may be at work");
    let survivor = TestWorker {
        board: &board,
        session: worker.session,
        name: worker.name.clone(),
    };
    let owned = survivor.beat().owned;
    assert!(owned.contains(&kept), "{owned:?}");
    clock.pass(Duration::from_secs(61));
    heir.beat();
    let next = heir.claim("d");
    if let Some(next) = next {
        assert_eq!(next.position.id, lost.position.id, "the commit was lost");
        assert!(next.position.fence > lost.position.fence);
    }
}

fn worker_claims(worker: &TestWorker<'_>, board: &PostgresBoard) -> crate::board::JobPosition {
    post(board, "d");
    worker.claim("d").unwrap().position
}

fn base_backup(server: &TestServer, directory: &str) {
    let script = r#"program=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
        as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
        [ "$(id -u)" != 0 ] || chown postgres "$2"
        as "$program/pg_basebackup" -h "$1" -U postgres -D "$2/data" -R -X stream --checkpoint=fast"#;
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, "backup", &server.directory, directory]);
    assert!(shell.status().unwrap().success());
}

fn standby_has(standby: &TestServer, job: u64) -> bool {
    let has = format!("SELECT count(*) FROM run_functions.job WHERE id = {job}");
    standby
        .sql_in("rf", &has)
        .is_ok_and(|count| count.trim() == "1")
}

fn eventually(is_so: impl Fn() -> bool) {
    let begun = crate::unix::clock::mono();
    while !is_so() {
        let waited = crate::unix::clock::mono().since(begun);
        assert!(waited < Duration::from_secs(60));
        std::thread::yield_now();
    }
}
