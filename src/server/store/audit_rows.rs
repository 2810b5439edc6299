//! The rows of what users have done.

use std::io;

use rusqlite::params;

use super::server_store::ServerStore;
use crate::core::time::unix_millis;
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::unix::clock;

/// How long an entry is kept, in milliseconds.
const KEPT: i64 = 90 * 24 * 3600 * 1000;
/// How many entries are kept.
const MOST: i64 = 1_000_000;
/// How many old entries one new entry removes.
const AT_ONCE: i64 = 100;

impl AuditTrail for ServerStore {
    fn record(&self, entry: AuditEntry) -> io::Result<()> {
        let now = unix_millis(clock::wall());
        self.write(|tx| {
            tx.prepare_cached(
                "DELETE FROM audit WHERE id IN
                    (SELECT id FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
            )?
            .execute([now - KEPT, AT_ONCE])?;
            tx.prepare_cached(
                "INSERT INTO audit (at, by, action, object, project, outcome, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                now,
                entry.by,
                entry.action,
                entry.object,
                entry.project,
                entry.outcome,
                entry.reason
            ])?;
            let last = tx.last_insert_rowid();
            tx.execute("DELETE FROM audit WHERE id <= ?1", [last - MOST])
        })?;
        Ok(())
    }

    fn entries(&self, before: Option<u64>, at_most: u32) -> io::Result<Vec<AuditEntry>> {
        let before = before.and_then(|id| i64::try_from(id).ok());
        let entries = self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, at, by, action, object, project, outcome, reason FROM audit
                 WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows =
                statement.query_map(params![before.unwrap_or(i64::MAX), at_most], |row| {
                    Ok(AuditEntry {
                        id: row.get(0)?,
                        at: row.get(1)?,
                        by: row.get(2)?,
                        action: row.get(3)?,
                        object: row.get(4)?,
                        project: row.get(5)?,
                        outcome: row.get(6)?,
                        reason: row.get(7)?,
                    })
                })?;
            rows.collect()
        })?;
        Ok(entries)
    }
}
