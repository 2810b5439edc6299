//! The removal of what is over, in small steps that let others write between them.

use rusqlite::{Connection, OptionalExtension, params};

use super::sqlite_failure::SqliteFailure;
use super::write_tx::WriteTx;
use crate::board::job_state::JobState;
use crate::board::keep_limits::{GcAnswer, KeepLimits};
use crate::core::time::whole_millis;

/// How many rows a transaction removes.
const MOST_ROWS: u64 = 500;

/// Returns jobs that are kept no longer, at most as many as a step removes.
pub(super) fn find(conn: &Connection, limits: &KeepLimits, now: i64) -> rusqlite::Result<Vec<u64>> {
    let mut found = Vec::new();
    let since = now.saturating_sub(whole_millis(limits.succeeded));
    for definition in definitions(conn, SUCCEEDED)? {
        let by_number = first_beyond(conn, &definition, limits.most_succeeded)?;
        let last = by_number.map_or(before(since), |beyond| beyond.max(before(since)));
        add(conn, SUCCEEDED, &definition, last, &mut found)?;
    }
    let since = now.saturating_sub(whole_millis(limits.others));
    for state in [JobState::Failed, JobState::Reverted, JobState::Cancelled] {
        let from = of_state(state);
        for definition in definitions(conn, &from)? {
            add(conn, &from, &definition, before(since), &mut found)?;
        }
    }
    Ok(found)
}

const SUCCEEDED: &str = "INDEXED BY job_succeeded WHERE state = 4";

fn of_state(state: JobState) -> String {
    let number = state.number();
    format!(
        "INDEXED BY job_other_end WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = {number}"
    )
}

fn definitions(conn: &Connection, from: &str) -> rusqlite::Result<Vec<String>> {
    let next = format!(
        "SELECT definition FROM job {from} AND definition > ?1 ORDER BY definition LIMIT 1"
    );
    let mut next = conn.prepare_cached(&next)?;
    let mut definitions: Vec<String> = Vec::new();
    loop {
        let after = definitions.last().map_or("", String::as_str);
        match next.query_row([after], |row| row.get(0)).optional()? {
            Some(definition) => definitions.push(definition),
            None => return Ok(definitions),
        }
    }
}

/// A job in the order of ends: many may end in the same millisecond.
type EndPosition = (i64, i64);

/// Returns the last position before a time.
fn before(time: i64) -> EndPosition {
    (time.saturating_sub(1), i64::MAX)
}

/// Returns the newest job beyond the number to keep.
fn first_beyond(
    conn: &Connection,
    definition: &str,
    most: u32,
) -> rusqlite::Result<Option<EndPosition>> {
    let mut read = conn.prepare_cached(&format!(
        "SELECT ended, id FROM job {SUCCEEDED} AND definition = ?1
         ORDER BY ended DESC, id DESC LIMIT 1 OFFSET ?2"
    ))?;
    let found = read.query_row(params![definition, most], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    found.optional()
}

fn add(
    conn: &Connection,
    from: &str,
    definition: &str,
    last: EndPosition,
    found: &mut Vec<u64>,
) -> rusqlite::Result<()> {
    let room = MOST_ROWS.saturating_sub(found.len() as u64);
    let mut read = conn.prepare_cached(&format!(
        "SELECT id FROM job {from} AND definition = ?1 AND (ended, id) <= (?2, ?3)
         ORDER BY ended, id LIMIT ?4"
    ))?;
    let values = params![definition, last.0, last.1, room];
    let rows = read.query_map(values, |row| row.get(0))?;
    found.extend(rows.collect::<rusqlite::Result<Vec<u64>>>()?);
    Ok(())
}

/// Removes these jobs, then old output and sessions, until the step is full.
pub(super) fn remove(
    tx: &WriteTx<'_>,
    limits: &KeepLimits,
    jobs: &[u64],
) -> Result<GcAnswer, SqliteFailure> {
    let mut answer = GcAnswer::default();
    for job in jobs {
        if answer.rows >= MOST_ROWS {
            break;
        }
        // A job that was retried meanwhile is not over any more.
        let remove = "DELETE FROM job WHERE id = ?1 AND state IN (4, 5, 6, 7)";
        if tx.conn.prepare_cached(remove)?.execute([job])? == 0 {
            continue;
        }
        answer.jobs += 1;
        answer.rows += 1;
        for remove in [
            "DELETE FROM journal WHERE job = ?1",
            "DELETE FROM output WHERE job = ?1",
            "DELETE FROM job_next WHERE job = ?1 AND job IS NOT NULL",
        ] {
            answer.rows += tx.conn.prepare_cached(remove)?.execute([job])? as u64;
        }
    }
    for (remove, of) in OLDS {
        let kept = match of {
            Old::Output => limits.output,
            Old::Others => limits.others,
        };
        let before = tx.now.saturating_sub(whole_millis(kept));
        let room = MOST_ROWS.saturating_sub(answer.rows);
        let removed = tx
            .conn
            .prepare_cached(remove)?
            .execute(params![before, room])?;
        answer.rows += removed as u64;
    }
    answer.has_more = answer.rows >= MOST_ROWS;
    Ok(answer)
}

/// How long something is kept.
#[derive(Clone, Copy)]
enum Old {
    Output,
    Others,
}

/// What is removed besides jobs: of times before the first value, so many rows.
const OLDS: [(&str, Old); 5] = [
    (
        "DELETE FROM output WHERE rowid IN (
                SELECT rowid FROM output WHERE at < ?1 ORDER BY at LIMIT ?2)",
        Old::Output,
    ),
    (
        "DELETE FROM session WHERE id IN (
                SELECT id FROM session WHERE left < ?1 ORDER BY id LIMIT ?2)",
        Old::Others,
    ),
    (
        "DELETE FROM batch WHERE id IN (
                SELECT id FROM batch WHERE ended < ?1 AND NOT EXISTS (
                    SELECT 1 FROM job INDEXED BY job_batch
                    WHERE job.batch = batch.id AND job.batch IS NOT NULL)
                ORDER BY id LIMIT ?2)",
        Old::Others,
    ),
    (
        "DELETE FROM job_next WHERE id IN (
                SELECT id FROM job_next WHERE batch IS NOT NULL AND ?1 IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM batch WHERE batch.id = job_next.batch)
                ORDER BY id LIMIT ?2)",
        Old::Others,
    ),
    (
        "DELETE FROM limit_key WHERE key IN (
                SELECT key FROM limit_key AS known WHERE due IS NULL AND ?1 IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM job INDEXED BY job_limited
                        WHERE state = 1 AND job.limit_key = known.key)
                    AND NOT EXISTS (SELECT 1 FROM job INDEXED BY job_place
                        WHERE job.limit_key = known.key AND job.limit_key IS NOT NULL
                            AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1))
                LIMIT ?2)",
        Old::Others,
    ),
];
