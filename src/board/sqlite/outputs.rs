//! What jobs have printed.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::write_tx::WriteTx;
use crate::board::job_id::JobId;
use crate::board::output_part::{OutputBatch, OutputPart};
use crate::core::time::whole_millis;

/// No answer has more parts.
const MOST_PARTS: u32 = 256;

/// Stores parts; a part that is there stays as it is.
pub(super) fn append(tx: &WriteTx<'_>, batch: &OutputBatch) -> rusqlite::Result<bool> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT fence FROM job WHERE id = ?1")?;
    let fence: Option<u64> = read.query_row([batch.id.0], |row| row.get(0)).optional()?;
    if fence != Some(batch.fence) {
        return Ok(false);
    }
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO output (job, part, step, attempt, at, omitted, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (job, part) DO NOTHING",
    )?;
    for part in &batch.parts {
        insert.execute(params![
            batch.id.0,
            part.part,
            part.step,
            part.attempt,
            part.at,
            part.omitted,
            part.text,
        ])?;
    }
    Ok(true)
}

/// Asks the holder of a job for its output as it comes.
pub(super) fn watch(tx: &WriteTx<'_>, id: JobId, span: Duration) -> rusqlite::Result<()> {
    let until = tx.now.saturating_add(whole_millis(span));
    let update = "UPDATE job SET watching_until = ?2 WHERE id = ?1";
    tx.conn.execute(update, params![id.0, until])?;
    tx.ring();
    Ok(())
}

/// Returns parts after one.
pub(super) fn read(
    conn: &Connection,
    id: JobId,
    after: Option<u64>,
) -> rusqlite::Result<Vec<OutputPart>> {
    let mut read = conn.prepare_cached(
        "SELECT part, step, attempt, at, omitted, text FROM output
         WHERE job = ?1 AND part > ?2 ORDER BY part LIMIT ?3",
    )?;
    let after = after.map_or(-1, |part| i64::try_from(part).unwrap_or(i64::MAX));
    let rows = read.query_map(params![id.0, after, MOST_PARTS], |row| {
        Ok(OutputPart {
            part: row.get(0)?,
            step: row.get(1)?,
            attempt: row.get(2)?,
            at: row.get(3)?,
            omitted: row.get(4)?,
            text: row.get(5)?,
        })
    })?;
    rows.collect()
}
