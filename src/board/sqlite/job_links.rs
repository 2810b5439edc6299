//! What hangs on a job: its limit, its batch, and what comes after. Each change of state passes here.

use rusqlite::Row;

use super::sqlite_failure::SqliteFailure;
use super::write_tx::WriteTx;
use super::{batches, next_posts};
use crate::board::job_id::JobId;
use crate::board::job_state::JobState;
use crate::board::next_post::FollowedPost;

/// What hangs on a job.
#[derive(Clone, Debug, Default)]
pub(super) struct JobLinks {
    pub(super) limit_key: Option<String>,
    batch: Option<u64>,
    has_next: bool,
}

/// The columns of what hangs on a job.
macro_rules! link_columns {
    () => {
        "limit_key, batch, has_next"
    };
}
pub(super) use link_columns;

impl JobLinks {
    /// Reads the columns from a place on.
    pub(super) fn of_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(JobLinks {
            limit_key: row.get(first)?,
            batch: row.get(first + 1)?,
            has_next: row.get(first + 2)?,
        })
    }

    /// Does what follows from a change of state that was written.
    pub(super) fn moved(
        &self,
        tx: &WriteTx<'_>,
        id: JobId,
        before: JobState,
        after: JobState,
    ) -> Result<(), SqliteFailure> {
        if let Some(key) = &self.limit_key {
            tx.note_limit(key);
        }
        match (before.is_over(), after.is_over()) {
            (false, true) => {
                if let Some(batch) = self.batch {
                    batches::member_over(tx, batch, after)?;
                }
                if self.has_next {
                    let is_success = after == JobState::Succeeded;
                    next_posts::follow(tx, FollowedPost::Job(id), is_success)?;
                }
            }
            (true, false) => {
                if let Some(batch) = self.batch {
                    batches::member_again(tx, batch, before)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
