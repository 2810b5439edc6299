//! Journal entries in their table.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::words::{of_word, outcome_word, phase_word};
use crate::board::job_id::JobId;
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};

/// A journal entry as the table has it.
#[derive(Debug)]
pub(super) struct JournalRow {
    entry: JournalEntry,
    result: Option<String>,
}

impl JournalRow {
    /// Turns an entry into a row.
    pub(super) fn of(entry: &JournalEntry) -> Self {
        let result = entry.result.as_ref().map(ToString::to_string);
        let entry = JournalEntry {
            result: None,
            ..entry.clone()
        };
        JournalRow { entry, result }
    }

    /// Returns whether the journal has this very entry.
    pub(super) fn is_stored(&self, conn: &Connection, job: JobId) -> rusqlite::Result<bool> {
        let stored = entry(conn, job, self.entry.seq)?;
        Ok(stored.is_some_and(|stored| {
            let ours = JournalEntry {
                result: stored.result.clone(),
                ..self.entry.clone()
            };
            ours == stored
        }))
    }
}

/// Appends an entry. A number that is there already is refused by the key of the table.
pub(super) fn insert_entry(
    conn: &Connection,
    job: JobId,
    row: &JournalRow,
) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO journal (job, seq, fence, step, phase, attempt, outcome, started, ended,
            code, kind, error, result, worker)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    let entry = &row.entry;
    insert.execute(params![
        job.0,
        entry.seq,
        entry.fence,
        entry.step,
        phase_word(entry.phase),
        entry.attempt,
        outcome_word(entry.outcome),
        entry.started,
        entry.ended,
        entry.code,
        entry.kind,
        entry.error,
        row.result,
        entry.worker,
    ])?;
    Ok(())
}

const READ: &str = "SELECT seq, fence, step, phase, attempt, outcome, started, ended, code, kind,
    error, result, worker FROM journal WHERE job = ?1";

/// Returns an entry of a job.
fn entry(conn: &Connection, job: JobId, seq: u64) -> rusqlite::Result<Option<JournalEntry>> {
    let mut read = conn.prepare_cached(&format!("{READ} AND seq = ?2"))?;
    read.query_row(params![job.0, seq], of_row).optional()
}

/// Returns the journal of a job, the oldest entry first.
pub(super) fn journal(conn: &Connection, job: JobId) -> rusqlite::Result<Vec<JournalEntry>> {
    let mut read = conn.prepare_cached(&format!("{READ} ORDER BY seq"))?;
    let rows = read.query_map([job.0], of_row)?;
    rows.collect()
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<JournalEntry> {
    let phase: String = row.get(3)?;
    let outcome: String = row.get(5)?;
    let result: Option<String> = row.get(11)?;
    Ok(JournalEntry {
        seq: row.get(0)?,
        fence: row.get(1)?,
        step: row.get(2)?,
        phase: of_word(&phase).unwrap_or(Phase::Request),
        attempt: row.get(4)?,
        outcome: of_word(&outcome).unwrap_or(EntryOutcome::Failed),
        started: row.get(6)?,
        ended: row.get(7)?,
        code: row.get(8)?,
        kind: row.get(9)?,
        error: row.get(10)?,
        result: result.and_then(|text| serde_json::from_str(&text).ok()),
        worker: row.get(12)?,
    })
}

/// Creates an entry of something that happened to a job outside of steps.
pub(super) fn request_entry(
    seq: u64,
    fence: u64,
    step: &str,
    outcome: EntryOutcome,
    now: i64,
) -> JournalRow {
    JournalRow {
        entry: JournalEntry {
            seq,
            fence,
            step: step.to_owned(),
            phase: Phase::Request,
            attempt: 1,
            outcome,
            started: now,
            ended: now,
            code: None,
            kind: None,
            error: None,
            result: None,
            worker: String::new(),
        },
        result: None,
    }
}

/// Creates the entry of an attempt that was cut off.
pub(super) fn interrupted_entry(
    seq: u64,
    fence: u64,
    doing: &crate::flow::journal::Doing,
    worker: &str,
    now: i64,
) -> JournalRow {
    let request = request_entry(seq, fence, &doing.step, EntryOutcome::Interrupted, now);
    JournalRow {
        entry: JournalEntry {
            phase: doing.phase,
            attempt: doing.attempt,
            started: doing.since,
            worker: worker.to_owned(),
            ..request.entry
        },
        result: None,
    }
}
