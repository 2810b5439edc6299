//! The change of a board's file to the schema of this program.

use rusqlite::{Connection, TransactionBehavior, params};

use super::schema::{APPLICATION_ID, MIGRATIONS, READABLE_FROM, SCHEMA_VERSION};
use super::sessions::identity_of;
use super::sqlite_failure::board_error;
use crate::board::board_error::BoardError;
use crate::board::board_trait::BoardResult;
use crate::board::host_identity::HostIdentity;
use crate::unix::random;

/// Brings the schema to the version of this program; one that is newer stays.
///
/// # Errors
///
/// When live sessions of an older program would meet a schema that they do not know.
pub(super) fn migrate(conn: &mut Connection, now: i64, place: &str) -> BoardResult<()> {
    let failed = |error: rusqlite::Error| board_error(&error, place);
    let version = version(conn).map_err(failed)?;
    if version >= SCHEMA_VERSION {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate);
    let tx = tx.map_err(failed)?;
    // Another process may have been faster.
    let version = self::version(&tx).map_err(failed)?;
    if version >= SCHEMA_VERSION {
        return Ok(());
    }
    if version > 0 {
        refuse_older_sessions(&tx, place)?;
    }
    let id = random::hex_id().map_err(|error| BoardError::Unavailable {
        place: place.to_owned(),
        why: error.to_string(),
    })?;
    apply(&tx, version, &id, now).map_err(failed)?;
    tx.commit().map_err(failed)
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn apply(conn: &Connection, from: i64, id: &str, now: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(from).unwrap_or(0);
    for migration in &MIGRATIONS[done..] {
        conn.execute_batch(migration)?;
    }
    if from == 0 {
        conn.execute(
            "INSERT INTO board (only, id, epoch, schema_version, readable_from, created)
             VALUES (1, ?1, 1, ?2, ?3, ?4)",
            params![id, SCHEMA_VERSION, READABLE_FROM, now],
        )?;
        conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    conn.execute(
        "UPDATE board SET schema_version = ?1, readable_from = ?2",
        params![SCHEMA_VERSION, READABLE_FROM],
    )?;
    conn.pragma_update(None, "user_version", SCHEMA_VERSION)
}

/// A migration waits until no session of a program lives that does not know the new schema. One
/// whose process is seen dead from here does not count.
fn refuse_older_sessions(conn: &Connection, place: &str) -> BoardResult<()> {
    let here = HostIdentity::of_this_process().ok();
    let read = || -> rusqlite::Result<Vec<(String, HostIdentity)>> {
        let mut read = conn.prepare(
            "SELECT name || ' (' || version || ')', host, uid, boot_id, pid_namespace,
                time_namespace, pid, start_ticks
             FROM session WHERE left IS NULL AND schema_version < ?1 ORDER BY name",
        )?;
        let rows = read.query_map([READABLE_FROM], |row| {
            Ok((row.get(0)?, identity_of(row, 1)?))
        })?;
        rows.collect()
    };
    let older = read().map_err(|error| board_error(&error, place))?;
    let is_dead = |identity: &HostIdentity| {
        let here = here.as_ref();
        here.and_then(|here| identity.is_dead_seen_from(here)) == Some(true)
    };
    let alive = older.into_iter().filter(|(_, identity)| !is_dead(identity));
    let names: Vec<String> = alive.map(|(name, _)| name).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(BoardError::Refused {
        place: place.to_owned(),
        why: format!(
            "workers of an older program are at work: {}",
            names.join(", ")
        ),
        remedy: "stop or upgrade these workers, then run `run_functions board migrate`".to_owned(),
    })
}
