//! Mails on the board: put there by the alerter, claimed by processes that can deliver.

use rusqlite::{Connection, OptionalExtension, params};

use crate::board::job_id::SessionId;
use crate::board::mail_record::{ClaimedMail, MailRecord, NewMail};
use crate::board::sqlite::sessions::claimer;
use crate::board::sqlite::sqlite_failure::SqliteFailure;
use crate::board::sqlite::write_tx::WriteTx;

/// A mail that no live session has claimed.
macro_rules! unclaimed {
    () => {
        "NOT EXISTS (SELECT 1 FROM session WHERE session.id = mail.owner AND left IS NULL)"
    };
}

/// Puts a mail on the board, once.
pub(super) fn insert(tx: &WriteTx<'_>, mail: &NewMail) -> rusqlite::Result<()> {
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO mail (message_id, letter, queued, next) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT DO NOTHING",
    )?;
    insert.execute(params![mail.message_id, mail.letter, tx.now])?;
    Ok(())
}

/// Sets whether the process of a session has a way by which mail leaves.
pub(super) fn set_delivers(
    tx: &WriteTx<'_>,
    session: SessionId,
    delivers: bool,
) -> Result<(), SqliteFailure> {
    claimer(tx.conn, session)?;
    let update = "UPDATE session SET delivers = ?2 WHERE id = ?1";
    tx.conn.execute(update, params![session.0, delivers])?;
    Ok(())
}

/// Returns how many live sessions have such a way.
pub(super) fn deliverers(conn: &Connection) -> rusqlite::Result<u64> {
    let count = "SELECT count(*) FROM session WHERE left IS NULL AND delivers = 1";
    conn.query_row(count, [], |row| row.get(0))
}

/// Claims mails that are due.
pub(super) fn claim(
    tx: &WriteTx<'_>,
    session: SessionId,
    at_most: u32,
    all: bool,
) -> Result<Vec<ClaimedMail>, SqliteFailure> {
    claimer(tx.conn, session)?;
    let mut able = tx.conn.prepare_cached(
        "SELECT 1 FROM session WHERE id = ?1 AND delivers = 1
         UNION ALL
         SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM session WHERE left IS NULL AND delivers = 1)",
    )?;
    if !able.exists([session.0])? {
        return Ok(Vec::new());
    }
    let due = if all { i64::MAX } else { tx.now };
    let mut find = tx.conn.prepare_cached(concat!(
        "SELECT id, letter FROM mail WHERE next <= ?1 AND (owner = ?3 OR ",
        unclaimed!(),
        ") ORDER BY id LIMIT ?2"
    ))?;
    let found = find.query_map(params![due, at_most, session.0], |row| {
        Ok(ClaimedMail {
            id: row.get(0)?,
            letter: row.get(1)?,
        })
    })?;
    let found: Vec<ClaimedMail> = found.collect::<rusqlite::Result<_>>()?;
    let mut claim = tx
        .conn
        .prepare_cached("UPDATE mail SET owner = ?2 WHERE id = ?1")?;
    for mail in &found {
        claim.execute(params![mail.id, session.0])?;
    }
    Ok(found)
}

/// Stores what has become of a mail.
pub(super) fn update(
    tx: &WriteTx<'_>,
    session: SessionId,
    id: u64,
    letter: &str,
    next: i64,
) -> rusqlite::Result<bool> {
    let mut update = tx
        .conn
        .prepare_cached("UPDATE mail SET letter = ?3, next = ?4 WHERE id = ?1 AND owner = ?2")?;
    Ok(update.execute(params![id, session.0, letter, next])? == 1)
}

/// Removes a mail.
pub(super) fn remove(tx: &WriteTx<'_>, session: SessionId, id: u64) -> rusqlite::Result<bool> {
    let mut remove = tx
        .conn
        .prepare_cached("DELETE FROM mail WHERE id = ?1 AND owner = ?2")?;
    Ok(remove.execute(params![id, session.0])? == 1)
}

/// Gives all mails of a session back.
pub(super) fn release(tx: &WriteTx<'_>, session: SessionId) -> rusqlite::Result<()> {
    let mut release = tx
        .conn
        .prepare_cached("UPDATE mail SET owner = NULL WHERE owner = ?1 AND owner IS NOT NULL")?;
    release.execute([session.0])?;
    Ok(())
}

/// Returns the mails that wait.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<MailRecord>> {
    let mut read = conn.prepare_cached(
        "SELECT id, letter, queued, next, (
            SELECT session.id FROM session WHERE session.id = mail.owner AND left IS NULL)
         FROM mail ORDER BY id LIMIT 1000",
    )?;
    let rows = read.query_map([], |row| {
        Ok(MailRecord {
            id: row.get(0)?,
            letter: row.get(1)?,
            queued: row.get(2)?,
            next: row.get(3)?,
            claimed_by: row.get::<_, Option<u64>>(4)?.map(SessionId),
        })
    })?;
    rows.collect()
}

/// Returns when the next mail is due that no live session has claimed.
pub(super) fn next(conn: &Connection) -> rusqlite::Result<Option<i64>> {
    let mut read = conn.prepare_cached(concat!(
        "SELECT next FROM mail INDEXED BY mail_next WHERE ",
        unclaimed!(),
        " ORDER BY next LIMIT 1"
    ))?;
    read.query_row([], |row| row.get(0)).optional()
}
