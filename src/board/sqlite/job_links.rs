//! What hangs on a job: its limit, its batch, what comes after. Each change of state passes here.

use rusqlite::Row;

use super::write_tx::{FollowUp, WriteTx};
use crate::board::job_id::JobId;
use crate::board::job_state::JobState;

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

    /// Notes what follows from a change of state that was written.
    pub(super) fn moved(&self, tx: &WriteTx<'_>, job: JobId, before: JobState, after: JobState) {
        if let Some(key) = &self.limit_key {
            tx.note_limit(key);
        }
        if before.is_over() == after.is_over() {
            return;
        }
        if let Some(batch) = self.batch {
            tx.note(FollowUp::Member {
                batch,
                before,
                after,
            });
        }
        if self.has_next && after.is_over() {
            let is_success = after == JobState::Succeeded;
            tx.note(FollowUp::JobOver { job, is_success });
        }
    }
}
