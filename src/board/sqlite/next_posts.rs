//! What comes after jobs and batches: stored with them, posted once.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::words::json;
use super::write_tx::WriteTx;
use crate::board::job_id::{BatchId, JobId};
use crate::board::next_post::{FollowedPost, NextRecord};
use crate::board::post::{NextPost, ThenRule};

fn rule_word(rule: ThenRule) -> &'static str {
    match rule {
        ThenRule::Succeeded => "succeeded",
        ThenRule::Ended => "ended",
    }
}

/// Returns the columns of what is followed: of a job, of a batch.
fn columns(after: FollowedPost) -> (Option<u64>, Option<u64>) {
    match after {
        FollowedPost::Job(id) => (Some(id.0), None),
        FollowedPost::Batch(id) => (None, Some(id.0)),
    }
}

/// Stores what comes after a job or a batch. Returns its number.
pub(super) fn store(
    tx: &WriteTx<'_>,
    after: FollowedPost,
    next: &NextPost,
) -> rusqlite::Result<i64> {
    let (job, batch) = columns(after);
    let mut insert = tx
        .conn
        .prepare_cached("INSERT INTO job_next (job, batch, rule, next) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![job, batch, rule_word(next.rule), json(next)])?;
    let number = tx.conn.last_insert_rowid();
    if let Some(job) = job {
        let mut mark = tx
            .conn
            .prepare_cached("UPDATE job SET has_next = 1 WHERE id = ?1 AND has_next = 0")?;
        mark.execute([job])?;
    }
    Ok(number)
}

/// What comes after a job and was not posted so far.
pub(super) const FOLLOWING_JOB: &str = r"
SELECT id, rule, next FROM job_next INDEXED BY next_of_job
WHERE job = ?1 AND job IS NOT NULL AND became_job IS NULL AND became_batch IS NULL ORDER BY id";
/// What comes after a batch and was not posted so far.
pub(super) const FOLLOWING_BATCH: &str = r"
SELECT id, rule, next FROM job_next INDEXED BY next_of_batch
WHERE batch = ?1 AND batch IS NOT NULL AND became_job IS NULL AND became_batch IS NULL ORDER BY id";

const COLUMNS: &str = "next, became_job, became_batch";

fn record(row: &Row<'_>) -> rusqlite::Result<Option<NextRecord>> {
    let next: String = row.get(0)?;
    let job: Option<u64> = row.get(1)?;
    let batch: Option<u64> = row.get(2)?;
    let became = followed(job, batch);
    let next = serde_json::from_str(&next).ok();
    Ok(next.map(|next| NextRecord { next, became }))
}

fn followed(job: Option<u64>, batch: Option<u64>) -> Option<FollowedPost> {
    let job = job.map(|id| FollowedPost::Job(JobId(id)));
    job.or_else(|| batch.map(|id| FollowedPost::Batch(BatchId(id))))
}

/// Returns what was stored under a number.
pub(super) fn stored(conn: &Connection, number: i64) -> rusqlite::Result<NextRecord> {
    let mut read = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM job_next WHERE id = ?1"))?;
    let found = read.query_row([number], record)?;
    found.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Returns what comes after a job or a batch.
pub(super) fn what_follows(
    conn: &Connection,
    after: FollowedPost,
) -> rusqlite::Result<Vec<NextRecord>> {
    let (job, batch) = columns(after);
    let column = if job.is_some() { "job" } else { "batch" };
    let mut read = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM job_next WHERE {column} = ?1 ORDER BY id"
    ))?;
    let rows = read.query_map([job.or(batch)], record)?;
    let found: Vec<Option<NextRecord>> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Returns what a job was posted after.
pub(super) fn followed_by(conn: &Connection, id: JobId) -> rusqlite::Result<Option<FollowedPost>> {
    let mut read = conn.prepare_cached(
        "SELECT job_next.job, job_next.batch FROM job_next WHERE became_job = ?1
         UNION ALL
         SELECT job_next.job, job_next.batch FROM job
            JOIN job_next ON job_next.became_batch = job.batch
         WHERE job.id = ?1 AND job.batch IS NOT NULL LIMIT 1",
    )?;
    let found = read.query_row([id.0], |row| Ok(followed(row.get(0)?, row.get(1)?)));
    Ok(found.optional()?.flatten())
}
