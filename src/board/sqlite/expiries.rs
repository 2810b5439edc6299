//! Jobs that have not begun in time.

use rusqlite::params;

use super::releases::{JobAtRest, at_rest_columns};
use super::sqlite_failure::SqliteFailure;
use super::write_tx::WriteTx;
use crate::board::job_state::JobState;
use crate::flow::journal::EntryOutcome;

/// How many expired jobs a look ends at most.
const MOST_EXPIRED: usize = 50;

/// Ends jobs that had not begun when they expired.
pub(super) fn end_expired(tx: &WriteTx<'_>) -> Result<(), SqliteFailure> {
    for sql in [EXPIRED, LIMITED_EXPIRED] {
        let mut read = tx.conn.prepare_cached(sql)?;
        let rows = read.query_map(params![tx.now, MOST_EXPIRED], JobAtRest::of_row)?;
        let expired: Vec<JobAtRest> = rows.collect::<rusqlite::Result<_>>()?;
        for job in expired {
            job.enter(tx, "", EntryOutcome::StopNoRevert, JobState::Cancelled)?;
            job.explain(tx, "expired")?;
        }
    }
    Ok(())
}

/// The jobs that have not begun by the time that was set.
pub(super) const EXPIRED: &str = concat!(
    "SELECT id, ",
    at_rest_columns!(),
    " FROM job INDEXED BY job_expiring
    WHERE expires IS NOT NULL AND state = 0 AND has_begun = 0 AND expires <= ?1 LIMIT ?2"
);
/// Those of them that are behind a limit.
pub(super) const LIMITED_EXPIRED: &str = concat!(
    "SELECT id, ",
    at_rest_columns!(),
    " FROM job INDEXED BY job_limited_expiring
    WHERE expires IS NOT NULL AND state = 1 AND has_begun = 0 AND expires <= ?1 LIMIT ?2"
);
/// When the first job expires.
pub(super) const FIRST_EXPIRING: &str = "SELECT expires FROM job INDEXED BY job_expiring
    WHERE expires IS NOT NULL AND state = 0 AND has_begun = 0 ORDER BY expires LIMIT 1";
/// When the first limited job expires.
pub(super) const FIRST_LIMITED_EXPIRING: &str =
    "SELECT expires FROM job INDEXED BY job_limited_expiring
    WHERE expires IS NOT NULL AND state = 1 AND has_begun = 0 ORDER BY expires LIMIT 1";
