//! What is read of schedules, and the requests of people.

use rusqlite::{Connection, Row, params};

use crate::board::job_id::JobId;
use crate::board::job_state::JobState;
use crate::board::schedule_board::{ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_record::{SchedulePause, ScheduleRecord, ScheduledJob};
use crate::board::sqlite::write_tx::WriteTx;
use crate::schedule::ScheduleSpec;

/// How many of its last jobs are shown with a schedule.
const LAST_JOBS: u32 = 5;

/// Returns all schedules.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<ScheduleRecord>> {
    let mut read = conn.prepare_cached(
        "SELECT name, project, spec, version, next, paused, paused_by, paused_why, failures,
            posted, missed, skipped, last_slot, last_ended
         FROM schedule WHERE removed IS NULL ORDER BY name",
    )?;
    let records = read.query_map([], record)?;
    let mut records: Vec<ScheduleRecord> = records.collect::<rusqlite::Result<_>>()?;
    for record in &mut records {
        record.jobs = last_jobs(conn, &record.name)?;
    }
    Ok(records)
}

fn record(row: &Row<'_>) -> rusqlite::Result<ScheduleRecord> {
    let since: Option<i64> = row.get(5)?;
    let why: Option<String> = row.get(7)?;
    let by = row.get(6)?;
    Ok(ScheduleRecord {
        name: row.get(0)?,
        project: row.get(1)?,
        spec: spec(&row.get::<_, String>(2)?),
        version: row.get(3)?,
        next: row.get(4)?,
        pause: since.map(|since| SchedulePause {
            since,
            by,
            why: why.unwrap_or_default(),
        }),
        failures: row.get(8)?,
        posted: row.get(9)?,
        missed: row.get(10)?,
        skipped: row.get(11)?,
        last_slot: row.get(12)?,
        last_ended: row.get(13)?,
        jobs: Vec::new(),
    })
}

/// Returns the schedule of a stored text. What cannot be read has no times, and posts nothing.
pub(super) fn spec(text: &str) -> ScheduleSpec {
    serde_json::from_str(text).unwrap_or_default()
}

fn last_jobs(conn: &Connection, name: &str) -> rusqlite::Result<Vec<ScheduledJob>> {
    let mut read = conn.prepare_cached(
        "SELECT id, state, slot, ended FROM job INDEXED BY job_schedule
         WHERE schedule = ?1 AND schedule IS NOT NULL ORDER BY id DESC LIMIT ?2",
    )?;
    let jobs = read.query_map(params![name, LAST_JOBS], |row| {
        Ok(ScheduledJob {
            id: JobId(row.get(0)?),
            state: JobState::of_number(row.get(1)?).unwrap_or(JobState::Stuck),
            slot: row.get(2)?,
            ended: row.get(3)?,
        })
    })?;
    jobs.collect()
}

/// Carries out what a person asks.
pub(super) fn request(
    tx: &WriteTx<'_>,
    name: &str,
    request: &ScheduleRequest,
) -> rusqlite::Result<ScheduleRequestAnswer> {
    let changed = match request {
        ScheduleRequest::Pause { by, why } => tx
            .conn
            .prepare_cached(
                "UPDATE schedule SET paused = ?2, paused_by = ?3, paused_why = ?4
                 WHERE name = ?1 AND removed IS NULL AND paused IS NULL",
            )?
            .execute(params![name, tx.now, by, why])?,
        ScheduleRequest::Resume { next } => tx
            .conn
            .prepare_cached(
                "UPDATE schedule SET paused = NULL, paused_by = NULL, paused_why = NULL,
                    has_news = 0, failures = 0, next = ?2, planned = ?3, version = version + 1
                 WHERE name = ?1 AND removed IS NULL AND paused IS NOT NULL",
            )?
            .execute(params![name, next, tx.now])?,
    };
    if changed > 0 {
        tx.ring();
        return Ok(ScheduleRequestAnswer::Done);
    }
    Ok(match exists(tx.conn, name)? {
        true => ScheduleRequestAnswer::AsBefore,
        false => ScheduleRequestAnswer::Missing,
    })
}

/// Returns whether there is a schedule of a name.
pub(super) fn exists(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    let mut read =
        conn.prepare_cached("SELECT 1 FROM schedule WHERE name = ?1 AND removed IS NULL")?;
    read.exists([name])
}
