//! The lock `alerts`, and what its holder writes.

use rusqlite::{Connection, OptionalExtension, params};

use super::{fact_rows, mail_rows};
use crate::board::alert_record::{ALERTER, AlertRecord, AlertsHold};
use crate::board::job_id::SessionId;
use crate::board::sqlite::sessions::claimer;
use crate::board::sqlite::sqlite_failure::SqliteFailure;
use crate::board::sqlite::write_tx::WriteTx;

/// Returns which session holds the lock, where a live one does; an idle board is not written to.
pub(super) fn seen(conn: &Connection, session: SessionId) -> rusqlite::Result<Option<AlertsHold>> {
    let mut read = conn.prepare_cached(
        "SELECT owner, fence FROM board_lock
         WHERE name = 'alerts' AND EXISTS (
            SELECT 1 FROM session WHERE session.id = owner AND left IS NULL)",
    )?;
    let found = read.query_row([], |row| {
        Ok((SessionId(row.get(0)?), row.get::<_, u64>(1)?))
    });
    Ok(found.optional()?.map(|(owner, fence)| match owner {
        owner if owner == session => AlertsHold::Held(fence),
        owner => AlertsHold::Other(owner),
    }))
}

/// Takes the lock, if no live session holds it.
pub(super) fn take(tx: &WriteTx<'_>, session: SessionId) -> Result<AlertsHold, SqliteFailure> {
    claimer(tx.conn, session)?;
    if let Some(hold) = seen(tx.conn, session)? {
        return Ok(hold);
    }
    let mut take = tx.conn.prepare_cached(
        "UPDATE board_lock SET owner = ?1, fence = fence + 1 WHERE name = 'alerts' RETURNING fence",
    )?;
    Ok(AlertsHold::Held(
        take.query_row([session.0], |row| row.get(0))?,
    ))
}

/// Records what the holder has decided; nothing where the lock is held under another fence.
pub(super) fn record(tx: &WriteTx<'_>, record: &AlertRecord) -> rusqlite::Result<bool> {
    let held = AlertsHold::Held(record.fence);
    if seen(tx.conn, record.session)? != Some(held) {
        return Ok(false);
    }
    fact_rows::remove(tx, &record.taken)?;
    for mail in &record.mails {
        mail_rows::insert(tx, mail)?;
    }
    store(tx, ALERTER, &record.memory)?;
    if !record.mails.is_empty() {
        tx.ring();
    }
    Ok(true)
}

/// Returns what is stored under a name.
pub(super) fn memory(conn: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let mut read = conn.prepare_cached("SELECT memory FROM alert WHERE name = ?1")?;
    read.query_row([name], |row| row.get(0)).optional()
}

/// Replaces what is stored under a name, if that is as it was read.
pub(super) fn replace(
    tx: &WriteTx<'_>,
    name: &str,
    before: Option<&str>,
    after: &str,
) -> rusqlite::Result<bool> {
    let is_as_read = memory(tx.conn, name)?.as_deref() == before;
    if is_as_read {
        store(tx, name, after)?;
    }
    Ok(is_as_read)
}

fn store(tx: &WriteTx<'_>, name: &str, memory: &str) -> rusqlite::Result<()> {
    let mut store = tx.conn.prepare_cached(
        "INSERT INTO alert (name, memory) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET memory = excluded.memory",
    )?;
    store.execute(params![name, memory])?;
    Ok(())
}

/// Notes that jobs were taken from a session that was not heard from.
pub(in crate::board::sqlite) fn note_lost_worker(
    tx: &WriteTx<'_>,
    session: SessionId,
    jobs: usize,
) -> rusqlite::Result<()> {
    if jobs == 0 {
        return Ok(());
    }
    let mut note = tx
        .conn
        .prepare_cached("UPDATE session SET lost_jobs = lost_jobs + ?2 WHERE id = ?1")?;
    note.execute(params![session.0, jobs])?;
    Ok(())
}
