//! What comes after jobs and batches: stored with them, posted once.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::batches::{self, post_for_every_worker};
use super::posting::{PostRow, post_into};
use super::sqlite_failure::SqliteFailure;
use super::words::{json, of_word};
use super::write_tx::WriteTx;
use crate::board::batch::{BatchId, BatchPost};
use crate::board::board_error::BoardError;
use crate::board::job_id::JobId;
use crate::board::job_state::JobState;
use crate::board::next_post::{FollowedPost, NextPost, NextRecord, ThenRule};
use crate::board::post::Post;

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
) -> Result<i64, SqliteFailure> {
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

/// Has a job posted when another job or a batch is over, or at once.
pub(super) fn post_after(
    tx: &WriteTx<'_>,
    after: FollowedPost,
    next: &NextPost,
) -> Result<NextRecord, SqliteFailure> {
    let end = end_of(tx, after)?;
    let number = store(tx, after, next)?;
    if let Some(is_success) = end
        && (is_success || next.rule == ThenRule::Ended)
    {
        post(tx, number, next)?;
    }
    let mut read = tx
        .conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM job_next WHERE id = ?1"))?;
    let stored = read.query_row([number], record)?;
    stored.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

/// Returns whether what is followed has ended with a success; `None`: it is not over.
fn end_of(tx: &WriteTx<'_>, after: FollowedPost) -> Result<Option<bool>, SqliteFailure> {
    match after {
        FollowedPost::Job(id) => {
            let job = super::releases::at_rest(tx, id)?;
            let state = job.ok_or(BoardError::NoSuchJob(id))?.state;
            Ok(state.is_over().then_some(state == JobState::Succeeded))
        }
        FollowedPost::Batch(id) => {
            let batch = batches::batch(tx.conn, id)?;
            let batch = batch.ok_or(BoardError::NoSuchBatch(id))?;
            let is_over = batch.left == 0 && !batch.is_open;
            Ok(is_over.then_some(batch.failed == 0))
        }
    }
}

/// What comes after a job and was not posted so far.
pub(super) const FOLLOWING_JOB: &str = r"
SELECT id, rule, next FROM job_next INDEXED BY next_of_job
WHERE job = ?1 AND job IS NOT NULL AND became_job IS NULL AND became_batch IS NULL ORDER BY id";
/// What comes after a batch and was not posted so far.
pub(super) const FOLLOWING_BATCH: &str = r"
SELECT id, rule, next FROM job_next INDEXED BY next_of_batch
WHERE batch = ?1 AND batch IS NOT NULL AND became_job IS NULL AND became_batch IS NULL ORDER BY id";

/// Posts what comes after a job or a batch that is over.
pub(super) fn follow(
    tx: &WriteTx<'_>,
    after: FollowedPost,
    is_success: bool,
) -> Result<(), SqliteFailure> {
    let (sql, id) = match after {
        FollowedPost::Job(id) => (FOLLOWING_JOB, id.0),
        FollowedPost::Batch(id) => (FOLLOWING_BATCH, id.0),
    };
    let mut read = tx.conn.prepare_cached(sql)?;
    let rows = read.query_map([id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
    })?;
    let found: Vec<(i64, String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (number, rule, next) in found {
        let is_due = is_success || of_word(&rule) == Some(ThenRule::Ended);
        // What a later program has stored and this one cannot read is left to that program.
        let next: Option<NextPost> = serde_json::from_str(&next).ok();
        if let (true, Some(next)) = (is_due, next) {
            post(tx, number, &next)?;
        }
    }
    Ok(())
}

fn post(tx: &WriteTx<'_>, number: i64, next: &NextPost) -> Result<(), SqliteFailure> {
    let posting = format!("after:{number}");
    let from = next.post.run_at.max(tx.now);
    let post = Post {
        posting: posting.clone(),
        expires: next.expires_in.map(|span| from.saturating_add(span)),
        ..next.post.clone()
    };
    let (job, batch) = if next.every_worker {
        let batch = BatchPost {
            posting,
            name: post.definition.clone(),
            then: post.then.clone(),
            posted_by: post.posted_by.clone(),
            ..BatchPost::default()
        };
        let receipt = post_for_every_worker(tx, &batch, &post)?;
        (None, Some(receipt.id.0))
    } else {
        match post_into(tx, &PostRow::of(&post)?, None) {
            Ok(receipt) => (Some(receipt.id.0), None),
            // The end of a job is recorded, whatever has the key of what comes after.
            Err(SqliteFailure::Board(BoardError::KeyTaken { id, .. })) => (Some(id.0), None),
            Err(failure) => return Err(failure),
        }
    };
    let mut update = tx
        .conn
        .prepare_cached("UPDATE job_next SET became_job = ?2, became_batch = ?3 WHERE id = ?1")?;
    update.execute(params![number, job, batch])?;
    Ok(())
}

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
