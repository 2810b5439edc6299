//! Limits by admission: behind a limit a job is limited, not waiting, until it gets a place.
//!
//! A job holds its place from its admission until it is over: while it waits, runs, waits for a
//! retry, or is paused with steps that have begun. A job that is paused before it has begun, or
//! stuck, has given its place up, and waits behind the limit when it is to go on.
//!
//! Places are counted, not kept: no crash and no forgotten call can make the count wrong.

use rusqlite::{OptionalExtension, params};

use super::write_tx::WriteTx;
use crate::board::job_id::JobId;
use crate::board::job_state::JobState;
use crate::board::post::{PRIORITIES, PostLimit};

/// How many jobs of a key are admitted in one call at most; the rest by the next look.
const MOST_ADMITTED: i64 = 1000;
/// How many keys a look admits jobs of at most.
const MOST_KEYS: usize = 50;

/// Returns whether a job with a limit holds a place.
pub(super) fn holds_place(state: JobState, has_begun: bool) -> bool {
    match state {
        JobState::Waiting | JobState::Running => true,
        JobState::Paused => has_begun,
        _ => false,
    }
}

/// Enters the limit that a post brings, where none is known.
pub(super) fn of_post(
    tx: &WriteTx<'_>,
    definition: &str,
    limit: &PostLimit,
) -> rusqlite::Result<()> {
    let mut most = tx.conn.prepare_cached(
        "INSERT INTO job_limit (definition, most) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    most.execute(params![definition, limit.most])?;
    let mut key = tx.conn.prepare_cached(
        "INSERT INTO limit_key (key, definition) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    key.execute(params![limit.key, definition])?;
    tx.note_limit(&limit.key);
    Ok(())
}

/// Enters the limit of a definition that a worker brings, in the place of the one before.
pub(super) fn of_definition(
    tx: &WriteTx<'_>,
    definition: &str,
    most: Option<u32>,
) -> rusqlite::Result<()> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT most FROM job_limit WHERE definition = ?1")?;
    let known: Option<Option<u32>> = read.query_row([definition], |row| row.get(0)).optional()?;
    if known == Some(most) || known.is_none() && most.is_none() {
        return Ok(());
    }
    let mut update = tx.conn.prepare_cached(
        "INSERT INTO job_limit (definition, most) VALUES (?1, ?2)
         ON CONFLICT (definition) DO UPDATE SET most = excluded.most",
    )?;
    update.execute(params![definition, most])?;
    if let Some(most) = most {
        take_places_back(tx, definition, most)?;
    }
    // Keys behind which nothing waits are soon found to be so.
    let mut due = tx
        .conn
        .prepare_cached("UPDATE limit_key SET due = ?2 WHERE definition = ?1")?;
    due.execute(params![definition, tx.now])?;
    tx.ring();
    Ok(())
}

/// After a limit was lowered: what was admitted and has not begun waits behind the limit again, the
/// last first.
fn take_places_back(tx: &WriteTx<'_>, definition: &str, most: u32) -> rusqlite::Result<()> {
    let mut read = tx.conn.prepare_cached(
        "SELECT limit_key, count(*) FROM job INDEXED BY job_place
         WHERE limit_key IS NOT NULL AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1)
            AND definition = ?1
         GROUP BY limit_key HAVING count(*) > ?2",
    )?;
    let rows = read.query_map(params![definition, most], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
    })?;
    let over: Vec<(String, u32)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut take = tx.conn.prepare_cached(
        "UPDATE job SET state = 1 WHERE id IN (
            SELECT id FROM job INDEXED BY job_place
            WHERE limit_key = ?1 AND state = 0 AND has_begun = 0
                AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1)
            ORDER BY priority, run_at DESC, id DESC LIMIT ?2)",
    )?;
    for (key, held) in over {
        take.execute(params![key, held - most])?;
    }
    Ok(())
}

/// Admits the next jobs of all keys that this call has noted, in the order of the keys.
pub(super) fn admit_noted(tx: &WriteTx<'_>) -> rusqlite::Result<()> {
    for key in tx.take_noted_limits() {
        admit(tx, &key)?;
    }
    Ok(())
}

/// Notes the keys of which a job has become due since.
pub(super) fn note_due(tx: &WriteTx<'_>) -> rusqlite::Result<()> {
    let mut definitions = tx.conn.prepare_cached("SELECT definition FROM job_limit")?;
    let names = definitions.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    let mut read = tx.conn.prepare_cached(DUE_KEYS)?;
    for name in names {
        let keys = read.query_map(params![name, tx.now, MOST_KEYS], |row| row.get(0))?;
        for key in keys.collect::<rusqlite::Result<Vec<String>>>()? {
            tx.note_limit(&key);
        }
    }
    Ok(())
}

/// The keys of which a job may be admitted now.
pub(super) const DUE_KEYS: &str = r"
SELECT key FROM limit_key INDEXED BY limit_key_due
WHERE definition = ?1 AND due IS NOT NULL AND due <= ?2 LIMIT ?3";
/// When the next job of a definition may be admitted.
pub(super) const FIRST_DUE_KEY: &str = r"
SELECT min(due) FROM limit_key INDEXED BY limit_key_due
WHERE definition = ?1 AND due IS NOT NULL";
/// How many jobs hold a place, as far as it matters.
pub(super) const HELD_PLACES: &str = r"
SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_place
WHERE limit_key = ?1 AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1) LIMIT ?2)";
/// The next limited jobs of a key in a class of priority.
pub(super) const NEXT_LIMITED: &str = r"
SELECT id FROM job INDEXED BY job_limited
WHERE state = 1 AND limit_key = ?1 AND priority = ?2 AND run_at <= ?3 ORDER BY run_at, id LIMIT ?4";
/// When the first limited job of a key in a class of priority is due.
pub(super) const FIRST_LIMITED: &str = r"
SELECT run_at FROM job INDEXED BY job_limited
WHERE state = 1 AND limit_key = ?1 AND priority = ?2 ORDER BY run_at LIMIT 1";

/// Admits the next jobs of a key, as many as there are places.
fn admit(tx: &WriteTx<'_>, key: &str) -> rusqlite::Result<()> {
    let Some(most) = most_of(tx, key)? else {
        return Ok(());
    };
    let room = match most {
        None => MOST_ADMITTED,
        Some(most) => {
            let mut held = tx.conn.prepare_cached(HELD_PLACES)?;
            let held: i64 = held.query_row(params![key, most], |row| row.get(0))?;
            (most - held).clamp(0, MOST_ADMITTED)
        }
    };
    let left = admit_some(tx, key, room)?;
    let is_capped = room == MOST_ADMITTED;
    let due = match left {
        0 if !is_capped => None,
        _ => first_limited(tx, key)?,
    };
    let mut update = tx
        .conn
        .prepare_cached("UPDATE limit_key SET due = ?2 WHERE key = ?1 AND due IS NOT ?2")?;
    update.execute(params![key, due])?;
    Ok(())
}

/// Returns how many jobs of a key hold a place at once: `None`, the key is unknown; `Some(None)`,
/// any number.
fn most_of(tx: &WriteTx<'_>, key: &str) -> rusqlite::Result<Option<Option<i64>>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT most FROM limit_key JOIN job_limit USING (definition) WHERE key = ?1",
    )?;
    read.query_row([key], |row| row.get(0)).optional()
}

/// Admits up to `room` jobs that are due; returns how many places are left.
fn admit_some(tx: &WriteTx<'_>, key: &str, room: i64) -> rusqlite::Result<i64> {
    let mut left = room;
    let mut read = tx.conn.prepare_cached(NEXT_LIMITED)?;
    let mut update = tx
        .conn
        .prepare_cached("UPDATE job SET state = 0, run_at = ?2 WHERE id = ?1")?;
    for priority in PRIORITIES.rev() {
        if left == 0 {
            break;
        }
        let rows = read.query_map(params![key, priority, tx.now, left], |row| row.get(0))?;
        let ids: Vec<u64> = rows.collect::<rusqlite::Result<_>>()?;
        for id in ids {
            update.execute(params![id, tx.now])?;
            left -= 1;
            tx.ring();
        }
    }
    Ok(left)
}

fn first_limited(tx: &WriteTx<'_>, key: &str) -> rusqlite::Result<Option<i64>> {
    let mut read = tx.conn.prepare_cached(FIRST_LIMITED)?;
    let mut first: Option<i64> = None;
    for priority in PRIORITIES {
        let found: Option<i64> = read
            .query_row(params![key, priority], |row| row.get(0))
            .optional()?;
        first = [first, found].into_iter().flatten().min();
    }
    Ok(first)
}

/// Notes the key of a job that was changed, if it has one.
pub(super) fn note(tx: &WriteTx<'_>, id: JobId) -> rusqlite::Result<()> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT limit_key FROM job WHERE id = ?1")?;
    let key: Option<Option<String>> = read.query_row([id.0], |row| row.get(0)).optional()?;
    if let Some(key) = key.flatten() {
        tx.note_limit(&key);
    }
    Ok(())
}
