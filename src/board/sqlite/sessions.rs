//! Sessions: join, beat, leave, reap.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::board_epoch;
use super::claim_rows::LaneRow;
use super::claims::{Claimer, due};
use super::schema::SCHEMA_VERSION;
use super::sqlite_failure::SqliteFailure;
use super::words::json;
use super::words::{of_word, wish_word};
use super::write_tx::WriteTx;
use super::{limits, pauses};
use crate::board::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use crate::board::board_error::BoardError;
use crate::board::definition_entry::DefinitionEntry;
use crate::board::host_identity::HostIdentity;
use crate::board::job_id::{JobId, SessionId};
use crate::board::job_request::HeldRequest;
use crate::board::session_request::{NameRule, SessionRequest, SessionTicket, SessionWish};
use crate::board::wait_facts::CannotNow;

/// Adds a session.
pub(super) fn join(
    tx: &WriteTx<'_>,
    request: &SessionRequest,
) -> Result<SessionTicket, SqliteFailure> {
    let (name, takes_over) = free_name(tx, request)?;
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO session (name, host, uid, boot_id, pid_namespace, time_namespace, pid,
            start_ticks, version, schema_version, tags, slots, joined, last_heard, wish)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14)",
    )?;
    let identity = &request.identity;
    let first_wish = match pauses::of_worker(tx.conn, &name)? {
        Some(_) => SessionWish::Sleep,
        None => SessionWish::Work,
    };
    insert.execute(params![
        name,
        identity.host,
        identity.uid,
        identity.boot_id,
        identity.pid_namespace,
        identity.time_namespace,
        identity.pid,
        identity.start_ticks,
        request.version,
        SCHEMA_VERSION,
        json(&request.tags),
        request.slots,
        tx.now,
        wish_word(first_wish),
    ])?;
    let session = SessionId(u64::try_from(tx.conn.last_insert_rowid()).unwrap_or(0));
    if let Some(old) = takes_over {
        wish(tx, old, SessionWish::Drain)?;
    }
    Ok(SessionTicket {
        session,
        name,
        takes_over,
    })
}

/// Returns a name for a session, and the live session that had it and is to drain.
fn free_name(
    tx: &WriteTx<'_>,
    request: &SessionRequest,
) -> rusqlite::Result<(String, Option<SessionId>)> {
    let mut number = 1_u32;
    loop {
        let name = match number {
            1 => request.name.clone(),
            number => format!("{}-{number}", request.name),
        };
        let Some((session, identity)) = of_name(tx, &name)? else {
            return Ok((name, None));
        };
        let is_same_host = identity.shares_host_with(&request.identity);
        if number == 1 && is_same_host && request.if_taken == NameRule::TakeOver {
            return Ok((name, Some(session)));
        }
        number += 1;
    }
}

/// Returns the newest live session of a name.
fn of_name(tx: &WriteTx<'_>, name: &str) -> rusqlite::Result<Option<(SessionId, HostIdentity)>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT id, host, uid, boot_id, pid_namespace, time_namespace, pid, start_ticks
         FROM session WHERE name = ?1 AND left IS NULL ORDER BY id DESC LIMIT 1",
    )?;
    let found = read.query_row([name], |row| {
        Ok((SessionId(row.get(0)?), identity_of(row, 1)?))
    });
    found.optional()
}

/// Reads an identity from seven columns of a row.
pub(super) fn identity_of(row: &Row<'_>, first: usize) -> rusqlite::Result<HostIdentity> {
    Ok(HostIdentity {
        host: row.get(first)?,
        uid: row.get(first + 1)?,
        boot_id: row.get(first + 2)?,
        pid_namespace: row.get(first + 3)?,
        time_namespace: row.get(first + 4)?,
        pid: row.get(first + 5)?,
        start_ticks: row.get(first + 6)?,
    })
}

/// Enters what a session can do.
pub(super) fn enter_definitions(
    tx: &WriteTx<'_>,
    session: SessionId,
    definitions: &[DefinitionEntry],
) -> Result<(), SqliteFailure> {
    claimer(tx.conn, session)?;
    let conn = tx.conn;
    conn.execute(
        "DELETE FROM session_definition WHERE session = ?1",
        [session.0],
    )?;
    let mut enter = conn.prepare_cached(
        "INSERT INTO definition (name, shape, help, schema, needs, first_seen, project)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (name, shape) DO UPDATE
            SET help = excluded.help, schema = excluded.schema, needs = excluded.needs,
                project = excluded.project
         RETURNING id",
    )?;
    let mut link = conn.prepare_cached(
        "INSERT OR REPLACE INTO session_definition (session, name, definition)
         VALUES (?1, ?2, ?3)",
    )?;
    for entry in definitions {
        let values = params![
            entry.name,
            entry.shape,
            entry.help,
            entry.schema.to_string(),
            json(&entry.needs),
            tx.now,
            entry.project,
        ];
        let id: i64 = enter.query_row(values, |row| row.get(0))?;
        link.execute(params![session.0, entry.name, id])?;
        limits::of_definition(tx, &entry.name, entry.limit)?;
    }
    tx.ring();
    Ok(())
}

/// Returns what a session claims as; an error when it is over.
pub(super) fn claimer(conn: &Connection, session: SessionId) -> Result<Claimer, SqliteFailure> {
    let mut read =
        conn.prepare_cached("SELECT name, host FROM session WHERE id = ?1 AND left IS NULL")?;
    let found = read.query_row([session.0], |row| {
        Ok(Claimer {
            session,
            name: row.get(0)?,
            host: row.get(1)?,
        })
    });
    let found = found.optional()?;
    found.ok_or_else(|| BoardError::SessionOver(session).into())
}

/// Looks whether there is something to do for a session. Writes nothing.
pub(super) fn look(
    conn: &Connection,
    now: i64,
    session: SessionId,
    lanes: Vec<LaneRow>,
) -> Result<LookAnswer, SqliteFailure> {
    let claimer = claimer(conn, session)?;
    let mut read = conn.prepare_cached("SELECT wish FROM session WHERE id = ?1")?;
    let wish: String = read.query_row([session.0], |row| row.get(0))?;
    Ok(LookAnswer {
        next_due: due(conn, now, &claimer, lanes)?,
        requests: requests_of(conn, session)?,
        watched: watched_of(conn, session, now)?,
        wish: of_word(&wish).unwrap_or_default(),
    })
}

/// The counter and the wish of a session after a beat.
#[derive(Clone, Copy, Debug)]
pub(super) struct BeatCount {
    pub(super) beat: u64,
    pub(super) wish: SessionWish,
}

/// Moves the counter of a session on; an error when it is over.
pub(super) fn count_beat(
    tx: &WriteTx<'_>,
    session: SessionId,
    report: Option<&Beat>,
) -> Result<BeatCount, SqliteFailure> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE session SET beat = beat + 1, last_heard = ?2, is_idle = coalesce(?3, 0),
            ended = coalesce(?4, ended)
         WHERE id = ?1 AND left IS NULL RETURNING beat, wish",
    )?;
    let is_idle = report.map(|beat| beat.is_idle);
    let ended = report.map(|beat| json(&beat.ended));
    let heard = update.query_row(params![session.0, tx.now, is_idle, ended], |row| {
        let wish: String = row.get(1)?;
        Ok(BeatCount {
            beat: row.get(0)?,
            wish: of_word(&wish).unwrap_or_default(),
        })
    });
    let heard = heard.optional()?;
    heard.ok_or_else(|| BoardError::SessionOver(session).into())
}

/// Takes a beat: first the counter, then what the session owns.
pub(super) fn beat(tx: &WriteTx<'_>, beat: &Beat) -> Result<BeatAnswer, SqliteFailure> {
    let heard = count_beat(tx, beat.session, Some(beat))?;
    let mut read = tx.conn.prepare_cached(OWNED)?;
    let owned = read.query_map([beat.session.0], |row| {
        Ok(JobPosition {
            id: JobId(row.get(0)?),
            fence: row.get(1)?,
            seq: row.get(2)?,
        })
    });
    Ok(BeatAnswer {
        beat: heard.beat,
        epoch: board_epoch::epoch(tx)?.epoch,
        owned: owned?.collect::<rusqlite::Result<_>>()?,
        requests: requests_of(tx.conn, beat.session)?,
        watched: watched_of(tx.conn, beat.session, tx.now)?,
        wish: heard.wish,
    })
}

/// What a session owns.
pub(super) const OWNED: &str =
    "SELECT id, fence, seq FROM job INDEXED BY job_owner WHERE owner = ?1 ORDER BY id";
/// What the jobs of a session are asked for.
pub(super) const WANTED: &str = "SELECT id, want FROM job INDEXED BY job_wanted
    WHERE owner = ?1 AND owner IS NOT NULL AND want IS NOT NULL";
/// The jobs of a session whose output is looked at.
pub(super) const WATCHED: &str = "SELECT id FROM job INDEXED BY job_watched
    WHERE owner = ?1 AND owner IS NOT NULL AND watching_until > ?2";

/// Returns what the jobs of a session are asked for.
pub(super) fn requests_of(
    conn: &Connection,
    session: SessionId,
) -> rusqlite::Result<Vec<HeldRequest>> {
    let mut read = conn.prepare_cached(WANTED)?;
    let rows = read.query_map([session.0], |row| {
        let want: String = row.get(1)?;
        let id = JobId(row.get(0)?);
        Ok(of_word(&want).map(|request| HeldRequest { id, request }))
    })?;
    let found: Vec<Option<HeldRequest>> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn watched_of(conn: &Connection, session: SessionId, now: i64) -> rusqlite::Result<Vec<JobId>> {
    let mut read = conn.prepare_cached(WATCHED)?;
    let rows = read.query_map(params![session.0, now], |row| Ok(JobId(row.get(0)?)))?;
    rows.collect()
}

/// Sets what a session is asked for. Returns whether it lives.
pub(super) fn wish(
    tx: &WriteTx<'_>,
    session: SessionId,
    wish: SessionWish,
) -> rusqlite::Result<bool> {
    let mut update = tx
        .conn
        .prepare_cached("UPDATE session SET wish = ?2 WHERE id = ?1 AND left IS NULL")?;
    let changed = update.execute(params![session.0, wish_word(wish)])?;
    tx.ring();
    Ok(changed > 0)
}

/// Sets what a session cannot do now.
pub(super) fn set_cannot_now(
    tx: &WriteTx<'_>,
    session: SessionId,
    cannot: &[CannotNow],
) -> Result<(), SqliteFailure> {
    claimer(tx.conn, session)?;
    let update = "UPDATE session SET cannot_now = ?2 WHERE id = ?1";
    tx.conn.execute(update, params![session.0, json(cannot)])?;
    Ok(())
}

/// Counts late transitions, which are never an error.
pub(super) fn count_stale(
    tx: &WriteTx<'_>,
    session: SessionId,
    stale: usize,
) -> rusqlite::Result<()> {
    if stale == 0 {
        return Ok(());
    }
    let update = "UPDATE session SET stale = stale + ?2 WHERE id = ?1";
    tx.conn.execute(update, params![session.0, stale])?;
    tx.conn
        .execute("UPDATE board SET stale = stale + ?1", [stale])?;
    Ok(())
}
