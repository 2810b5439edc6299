//! Pauses of definitions, projects and workers.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::write_tx::WriteTx;
use crate::board::pause::{PauseRecord, PauseScope};

/// Pauses something, or has it go on; returns whether that changed anything.
pub(super) fn set(
    tx: &WriteTx<'_>,
    scope: &PauseScope,
    by: Option<&str>,
) -> rusqlite::Result<bool> {
    let (word, name) = scope.parts();
    let changed = match by {
        Some(by) => {
            let mut insert = tx.conn.prepare_cached(
                "INSERT INTO pause (scope, name, paused_by, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?;
            insert.execute(params![word, name, by, tx.now])?
        }
        None => {
            let mut delete = tx
                .conn
                .prepare_cached("DELETE FROM pause WHERE scope = ?1 AND name = ?2")?;
            delete.execute([word, name])?
        }
    };
    if word == "worker" {
        let (from, to) = if by.is_some() {
            ("work", "sleep")
        } else {
            ("sleep", "work")
        };
        let mut update = tx.conn.prepare_cached(
            "UPDATE session SET wish = ?3 WHERE name = ?1 AND wish = ?2 AND left IS NULL",
        )?;
        update.execute([name, from, to])?;
    }
    tx.ring();
    Ok(changed > 0)
}

/// Returns the pauses.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<PauseRecord>> {
    let mut read = conn
        .prepare_cached("SELECT scope, name, paused_by, since FROM pause ORDER BY scope, name")?;
    let rows = read.query_map([], record)?;
    let found: Vec<Option<PauseRecord>> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn record(row: &Row<'_>) -> rusqlite::Result<Option<PauseRecord>> {
    let word: String = row.get(0)?;
    let (by, since) = (row.get(2)?, row.get(3)?);
    let scope = PauseScope::of_parts(&word, row.get(1)?);
    Ok(scope.map(|scope| PauseRecord { scope, by, since }))
}

/// Returns the pause of a worker.
pub(super) fn of_worker(conn: &Connection, name: &str) -> rusqlite::Result<Option<PauseRecord>> {
    let mut read = conn.prepare_cached(
        "SELECT scope, name, paused_by, since FROM pause WHERE scope = 'worker' AND name = ?1",
    )?;
    Ok(read.query_row([name], record).optional()?.flatten())
}

/// Returns whether anything but workers is paused.
pub(super) fn are_there(conn: &Connection) -> rusqlite::Result<bool> {
    let mut read =
        conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM pause WHERE scope <> 'worker')")?;
    read.query_row([], |row| row.get(0))
}

/// The pauses of a definition, and of its project as the newest shape names it.
const OF_DEFINITION: &str = r"
SELECT scope, name, paused_by, since FROM pause WHERE scope = 'definition' AND name = ?1
UNION ALL
SELECT pause.scope, pause.name, paused_by, since FROM pause
    JOIN definition ON definition.project = pause.name
WHERE pause.scope = 'project' AND definition.name = ?1
    AND definition.id = (SELECT max(id) FROM definition WHERE name = ?1)";

/// Returns the pauses of a definition and of its project.
pub(super) fn of_definition(
    conn: &Connection,
    definition: &str,
) -> rusqlite::Result<Vec<PauseRecord>> {
    let mut read = conn.prepare_cached(OF_DEFINITION)?;
    let rows = read.query_map([definition], record)?;
    let found: Vec<Option<PauseRecord>> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}
