use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{backup, check, migrate, query, restore};
use crate::board::conformance::arena::{TestWorker, VirtualClock, doing, entry, post};
use crate::board::sqlite::schema::SCHEMA_VERSION;
use crate::board::sqlite::sqlite_board::SqliteBoard;
use crate::board::{
    Board, BoardError, BoardSettings, JobState, MissingBoard, QueryLimits, Transition,
    TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

fn settings(clock: &VirtualClock) -> BoardSettings {
    BoardSettings {
        clock: clock.board_clock(),
        ..BoardSettings::default()
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("board.sqlite");
    (dir, path)
}

fn why<T: std::fmt::Debug>(refused: Result<T, BoardError>) -> String {
    let error = refused.unwrap_err();
    assert!(matches!(error, BoardError::Refused { .. }), "{error:?}");
    assert!(error.remedy().is_some());
    error.to_string()
}

#[test]
fn a_board_that_works_has_no_problems() {
    let (_dir, path) = place();
    let board = SqliteBoard::open(&path, &BoardSettings::default()).unwrap();
    let worker = TestWorker::join(&board).knows(&["d"]);
    post(&board, "d");
    post(&board, "d");
    let at = worker.claim("d").unwrap().position;
    assert_eq!(
        worker.report(Transition::begin(at, vec![doing("a")])),
        TransitionVerdict::Accepted
    );
    let report = check(&path).unwrap();
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(
        report.jobs,
        [(JobState::Waiting, 1), (JobState::Running, 1)]
    );
    assert_eq!((report.epoch, report.pages_held_back), (1, 0));
    assert!(report.bytes > 0);
    // What a check finds is found also in what is broken by hand.
    let broken = board.write(|tx| {
        tx.conn
            .execute("UPDATE job SET seq = 7 WHERE state = 0", [])?;
        tx.conn.execute("UPDATE session SET left = 1", [])?;
        Ok(())
    });
    broken.unwrap();
    assert_eq!(check(&path).unwrap().problems.len(), 2);
    let version = SCHEMA_VERSION;
    assert_eq!(
        migrate(&path, &BoardSettings::default()).unwrap(),
        (version, version)
    );
}

#[test]
fn a_restored_board_has_a_higher_epoch_and_waits_for_the_longest_lease() {
    let (dir, path) = place();
    let clock = VirtualClock::new();
    let board = SqliteBoard::open(&path, &settings(&clock)).unwrap();
    let worker = TestWorker::join(&board).knows(&["d"]);
    let id = post(&board, "d");
    let old = worker.claim("d").unwrap().position;
    let copy = dir.path().join("copy");
    assert_eq!(backup(&path, &copy).unwrap().jobs, 1);
    assert!(why(backup(&path, &copy)).contains("there already"));
    // Lost by the restore: a job that was posted, a session that joined, an end that was reported.
    let lost = post(&board, "d");
    let later = TestWorker::join(&board);
    let end = Transition {
        entries: vec![entry(old, "a", EntryOutcome::Succeeded)],
        state: JobState::Succeeded,
        ..Transition::begin(old, Vec::new())
    };
    assert_eq!(worker.report(end), TransitionVerdict::Accepted);
    assert_eq!(restore(&path, &copy, &settings(&clock)).unwrap().epoch, 2);
    assert!(!dir.path().join("board.sqlite.restoring").exists());
    for session in [worker.session, later.session] {
        let over = board.leave(session).is_ok() && board.workers().unwrap().is_empty();
        assert!(over, "no session outlives a restore");
    }
    // Numbers are given once, over a restore too.
    let newcomer = TestWorker::join(&board).knows(&["d"]);
    assert!(newcomer.session > later.session && post(&board, "d") > lost);
    assert_eq!(newcomer.claim("d"), None, "workers of before may go on");
    assert!(board.wait_facts(id).unwrap().is_barred);
    clock.pass(Duration::from_secs(300));
    assert_eq!(newcomer.claim("d"), None);
    clock.pass(Duration::from_secs(4));
    let again = newcomer.claim("d").unwrap().position;
    assert_eq!(again.id, id);
    assert!(again.fence > old.fence && again.fence >> 40 == 2);
    assert_eq!(check(&path).unwrap().problems, [""; 0]);
}

#[test]
fn a_copy_is_restored_where_no_board_is() {
    let (dir, path) = place();
    let board = SqliteBoard::open(&path, &BoardSettings::default()).unwrap();
    let id = post(&board, "d");
    let copy = dir.path().join("copy");
    backup(&path, &copy).unwrap();
    let elsewhere = dir.path().join("new/board.sqlite");
    let report = restore(&elsewhere, &copy, &BoardSettings::default()).unwrap();
    assert_eq!((report.epoch, report.jobs), (2, 1));
    let restored = SqliteBoard::open(&elsewhere, &BoardSettings::default()).unwrap();
    assert_eq!(restored.job(id).unwrap().unwrap().state, JobState::Waiting);
    assert!(
        post(&restored, "d").0 > 1_000_000,
        "lost numbers are not given again"
    );
}

#[test]
fn a_query_reads_within_its_limits() {
    let (dir, path) = place();
    let board = SqliteBoard::open(&path, &BoardSettings::default()).unwrap();
    (0..3).for_each(|_| assert!(post(&board, "d").0 > 0));
    let limits = QueryLimits {
        rows: 2,
        time: Duration::from_millis(200),
        text: 1,
    };
    let ask = |sql: &str| query(&path, sql, &limits);
    let answer = ask("SELECT id, definition || 'x' AS d, NULL FROM job ORDER BY id").unwrap();
    assert_eq!(answer.columns, ["id", "d", "NULL"]);
    assert_eq!(
        serde_json::json!(answer.rows),
        serde_json::json!([[1, "d", null], [2, "d", null]])
    );
    assert!(answer.has_more);
    let attach = format!("ATTACH '{}' AS other", dir.path().join("other").display());
    let refused = [
        "DELETE FROM job",
        "PRAGMA journal_mode = DELETE",
        "SELECT 1; DELETE FROM job",
        "SELECT no_such_column FROM job",
        "no sql",
        &attach,
    ];
    for sql in refused {
        let answer = ask(sql);
        assert!(
            matches!(answer, Err(BoardError::Malformed(_))),
            "{sql}: {answer:?}"
        );
    }
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT count(*) FROM n";
    assert!(matches!(ask(endless), Err(BoardError::Unavailable { .. })));
    assert_eq!(ask("SELECT id FROM job LIMIT 1").unwrap().rows.len(), 1);
}

#[test]
fn a_file_that_is_no_board_is_refused_and_left_as_it_is() {
    let (_dir, path) = place();
    let open = |path: &Path| SqliteBoard::open(path, &BoardSettings::default());
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    assert!(why(open(&path)).contains("another program"));
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::write(
        &path,
        "This is a text, not a database at all.\n".repeat(100),
    )
    .unwrap();
    assert!(why(open(&path)).contains("not a database"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(why(open(&path)).contains("no regular file"));
    let missing = BoardSettings {
        missing: MissingBoard::Refuse,
        ..BoardSettings::default()
    };
    let nowhere = path.join("none");
    assert!(why(SqliteBoard::open(&nowhere, &missing)).contains("there is no board"));
    assert!(!nowhere.exists());
}

#[test]
fn a_board_of_a_newer_program_is_used_while_that_allows_it() {
    let (_dir, path) = place();
    let open = || SqliteBoard::open(&path, &BoardSettings::default());
    let set = |version: i64, readable_from: i64| {
        let board = open().unwrap();
        let set = board.write(move |tx| {
            let set = "UPDATE board SET schema_version = ?1, readable_from = ?2";
            tx.conn.execute(set, [version, readable_from])?;
            Ok(tx.conn.pragma_update(None, "user_version", version)?)
        });
        set.unwrap();
    };
    let newer = SCHEMA_VERSION + 1;
    set(newer, 1);
    post(&open().unwrap(), "d");
    assert_eq!(check(&path).unwrap().schema_version, newer);
    set(newer + 1, newer);
    let text = why(open());
    assert!(
        text.contains("a newer program") && text.contains(&format!("schema {newer}")),
        "{text}"
    );
}
