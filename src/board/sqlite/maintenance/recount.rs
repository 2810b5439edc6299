//! The recount of what is derived: limits that have room for what waits, the counts of batches.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::board::board_trait::BoardResult;
use crate::board::sqlite::batches;
use crate::board::sqlite::board_hold::BoardHold;
use crate::board::sqlite::follow_ups;
use crate::board::sqlite::sqlite_failure::{SqliteFailure, board_error};
use crate::board::sqlite::write_tx::{WriteTx, millis};
use crate::core::time::Moment;

/// Counts again, and repairs what is wrong. Returns what that was, for people.
///
/// # Errors
///
/// When the board cannot be written to.
pub(super) fn recount(conn: &mut Connection, now: Moment, place: &str) -> BoardResult<Vec<String>> {
    let failed = |error: rusqlite::Error| board_error(&error, place);
    // A board that no worker has migrated so far has neither limits nor batches.
    let has_tables = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'limit_key')";
    if !conn
        .query_row(has_tables, [], |row| row.get(0))
        .map_err(failed)?
    {
        return Ok(Vec::new());
    }
    let conn = conn.transaction_with_behavior(TransactionBehavior::Immediate);
    let conn = conn.map_err(failed)?;
    let hold = BoardHold::default();
    let tx = WriteTx::new(&conn, millis(now), now.mono, &hold);
    let mut repaired = limits(&tx).map_err(failed)?;
    repaired.extend(left_of_batches(&tx).map_err(|failure| failure.at(place))?);
    follow_ups::carry_out(&tx).map_err(|failure| failure.at(place))?;
    drop(tx);
    conn.commit().map_err(failed)?;
    Ok(repaired)
}

/// Has jobs admitted that wait behind a limit which has room.
fn limits(tx: &WriteTx<'_>) -> rusqlite::Result<Vec<String>> {
    tx.conn.execute(
        "INSERT OR IGNORE INTO limit_key (key, definition)
         SELECT DISTINCT limit_key, definition FROM job WHERE state = 1 AND limit_key IS NOT NULL",
        [],
    )?;
    tx.conn.execute(
        "INSERT OR IGNORE INTO job_limit (definition, most)
         SELECT DISTINCT definition, NULL FROM limit_key",
        [],
    )?;
    let mut read = tx.conn.prepare(
        "UPDATE limit_key SET due = ?1 WHERE (due IS NULL OR due > ?1)
            AND EXISTS (SELECT 1 FROM job INDEXED BY job_limited
                WHERE state = 1 AND limit_key = limit_key.key AND run_at <= ?1)
            AND coalesce((SELECT most FROM job_limit
                    WHERE job_limit.definition = limit_key.definition), 1000000000)
                > (SELECT count(*) FROM job INDEXED BY job_place
                    WHERE job.limit_key = limit_key.key AND job.limit_key IS NOT NULL
                        AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1))
         RETURNING key",
    )?;
    let keys = read.query_map([tx.now], |row| row.get::<_, String>(0))?;
    let words = |key| format!("jobs waited behind the limit `{key}` though it has room");
    keys.map(|key| key.map(words)).collect()
}

fn left_of_batches(tx: &WriteTx<'_>) -> Result<Vec<String>, SqliteFailure> {
    let mut read = tx.conn.prepare(
        "SELECT id, left, (SELECT count(*) FROM job INDEXED BY job_batch
            WHERE job.batch = batch.id AND job.batch IS NOT NULL AND (state < 4 OR state > 7))
         FROM batch WHERE ended IS NULL",
    )?;
    let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let counted: Vec<(u64, i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut repaired = Vec::new();
    for (id, left, found) in counted {
        if left != found {
            let update = "UPDATE batch SET left = ?2 WHERE id = ?1";
            tx.conn.execute(update, params![id, found])?;
            batches::end_if_over(tx, id)?;
            repaired.push(format!(
                "batch {id} counted {left} jobs that are left, there are {found}"
            ));
        }
    }
    Ok(repaired)
}
