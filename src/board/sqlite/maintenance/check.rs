//! Whether a board's file is whole and keeps the rules.

use std::path::Path;

use rusqlite::Connection;

use super::recount::recount;
use crate::board::board_error::place_of;
use crate::board::board_settings::{BoardSettings, MissingBoard};
use crate::board::board_trait::BoardResult;
use crate::board::job_state::JobState;
use crate::board::maintenance::CheckReport;
use crate::board::sqlite::migration;
use crate::board::sqlite::open_file::{check_place, open_to_write};
use crate::board::sqlite::sqlite_failure::board_error;
use crate::board::sqlite::write_tx::millis;
use crate::unix::clock;

/// No more problems of a kind are named.
const MOST_PROBLEMS: u32 = 20;

/// Checks a board: the file, its journals, its owners. Counts limits and batches again, and repairs
/// them.
///
/// # Errors
///
/// When the file cannot be opened or read.
pub(crate) fn check(path: &Path) -> BoardResult<CheckReport> {
    let path = check_place(path, MissingBoard::Refuse)?;
    let mut conn = open_to_write(&path)?;
    let place = place_of(&path);
    let repaired = recount(&mut conn, clock::now(), &place)?;
    let mut report = read(&conn).map_err(|error| board_error(&error, &place))?;
    report.repaired = repaired;
    let log = path.with_file_name(format!(
        "{}-wal",
        path.file_name().unwrap_or_default().to_string_lossy()
    ));
    let sizes = [&path, &log].map(|file| std::fs::metadata(file).map_or(0, |meta| meta.len()));
    report.bytes = sizes.iter().sum();
    Ok(report)
}

fn read(conn: &Connection) -> rusqlite::Result<CheckReport> {
    let held_back = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
    })?;
    let mut problems = Vec::new();
    for (query, words) in RULES {
        let mut read = conn.prepare(&format!("{query} LIMIT {MOST_PROBLEMS}"))?;
        let found = read.query_map([], |row| row.get::<_, String>(0))?;
        for found in found {
            problems.push(format!("{words}{}", found?));
        }
    }
    let mut read = conn.prepare("PRAGMA integrity_check(20)")?;
    let damage: Vec<String> = read
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    problems.extend(damage.into_iter().filter(|line| line != "ok"));
    let mut report = conn.query_row(
        "SELECT id, epoch, schema_version, readable_from, stale FROM board",
        [],
        |row| {
            Ok(CheckReport {
                id: row.get(0)?,
                epoch: row.get(1)?,
                schema_version: row.get(2)?,
                readable_from: row.get(3)?,
                stale: row.get(4)?,
                problems: Vec::new(),
                repaired: Vec::new(),
                jobs: Vec::new(),
                bytes: 0,
                pages_held_back: u64::try_from(held_back).unwrap_or(0),
            })
        },
    )?;
    report.problems = problems;
    let mut read = conn.prepare("SELECT state, count(*) FROM job GROUP BY state")?;
    let counts = read.query_map([], |row| {
        let state = JobState::of_number(row.get(0)?).unwrap_or(JobState::Stuck);
        Ok((state, row.get(1)?))
    })?;
    report.jobs = counts.collect::<rusqlite::Result<_>>()?;
    Ok(report)
}

/// What is always true of a board: a query for what breaks the rule, and how to word it.
const RULES: [(&str, &str); 4] = [
    (
        "SELECT CAST(journal.job AS TEXT) FROM journal GROUP BY job
         HAVING count(*) <> max(seq) OR min(seq) <> 1",
        "there is a gap in the journal of job ",
    ),
    (
        "SELECT CAST(job.id AS TEXT) FROM job
         WHERE seq <> (SELECT coalesce(max(journal.seq), 0) FROM journal WHERE journal.job = job.id)",
        "the last entry of the journal is not the one that the job names: job ",
    ),
    (
        "SELECT CAST(job.id AS TEXT) FROM job WHERE (state = 2) <> (owner IS NOT NULL)",
        "a job has a holder and does not run, or runs without one: job ",
    ),
    (
        "SELECT CAST(job.id AS TEXT) FROM job JOIN session ON session.id = job.owner
         WHERE session.left IS NOT NULL",
        "a session that is over holds a job: job ",
    ),
];

/// Brings a board to the schema of this program. Returns the versions before and after.
///
/// # Errors
///
/// When a live worker of an older program would not know the new schema.
pub(crate) fn migrate(path: &Path, settings: &BoardSettings) -> BoardResult<(i64, i64)> {
    let path = check_place(path, MissingBoard::Refuse)?;
    let mut conn = open_to_write(&path)?;
    let place = place_of(&path);
    let version = |conn: &Connection| {
        let read = conn.query_row("PRAGMA user_version", [], |row| row.get(0));
        read.map_err(|error| board_error(&error, &place))
    };
    let before = version(&conn)?;
    migration::migrate(&mut conn, millis((settings.clock)()), &place)?;
    Ok((before, version(&conn)?))
}
