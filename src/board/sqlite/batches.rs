//! Batches: the count of members that are left, and what follows when none is.

use rusqlite::{Connection, OptionalExtension, params};

use super::next_posts;
use super::posting::{PostRow, post_into};
use super::releases::{AT_REST, JobAtRest};
use super::sqlite_failure::SqliteFailure;
use super::write_tx::{FollowUp, WriteTx};
use crate::board::batch::{BatchPost, BatchReceipt, BatchRecord};
use crate::board::board_error::BoardError;
use crate::board::job_id::BatchId;
use crate::board::job_state::JobState;
use crate::board::next_post::FollowedPost;
use crate::board::post::Post;
use crate::flow::journal::EntryOutcome;

/// How many members of a batch that ends early are cancelled in one call.
const MOST_CANCELLED: usize = 500;

/// Posts members of a batch; the first call creates the batch.
pub(super) fn post(
    tx: &WriteTx<'_>,
    batch: &BatchPost,
    rows: &[PostRow],
    is_whole: bool,
) -> Result<BatchReceipt, SqliteFailure> {
    let (id, is_open) = match of_posting(tx, &batch.posting)? {
        Some(found) => found,
        None => (create(tx, batch)?, true),
    };
    let mut posted = 0;
    if is_open {
        for row in rows {
            posted += u64::from(post_into(tx, row, Some(id))?.is_new);
        }
        let mut update = tx
            .conn
            .prepare_cached("UPDATE batch SET jobs = jobs + ?2, left = left + ?2 WHERE id = ?1")?;
        update.execute(params![id, posted])?;
    }
    if is_open && is_whole {
        close(tx, id)?;
    }
    let jobs = "SELECT jobs FROM batch WHERE id = ?1";
    let jobs = tx.conn.query_row(jobs, [id], |row| row.get(0))?;
    let id = BatchId(id);
    Ok(BatchReceipt { id, posted, jobs })
}

/// Posts a job for each live worker that can do it.
pub(super) fn post_for_every_worker(
    tx: &WriteTx<'_>,
    batch: &BatchPost,
    post: &Post,
) -> Result<BatchReceipt, SqliteFailure> {
    let rows = able_workers(tx.conn, &post.definition)?.into_iter();
    let rows = rows.map(|name| {
        let posting = format!("{}:{name}", batch.posting);
        let for_worker = Some(name);
        let then = Vec::new();
        PostRow::of(&Post {
            posting,
            for_worker,
            then,
            ..post.clone()
        })
    });
    let rows: Vec<PostRow> = rows.collect::<Result<_, BoardError>>()?;
    self::post(tx, batch, &rows, true)
}

/// Returns the names of the live workers that know a definition and have the tags for it.
pub(super) fn able_workers(conn: &Connection, definition: &str) -> rusqlite::Result<Vec<String>> {
    let mut read = conn.prepare_cached(
        "SELECT DISTINCT session.name FROM session
         JOIN session_definition AS known ON known.session = session.id AND known.name = ?1
         JOIN definition ON definition.id = known.definition
         WHERE session.left IS NULL AND session.wish IN ('work', 'sleep')
            AND NOT EXISTS (SELECT 1 FROM json_each(definition.needs) AS need
                WHERE need.value NOT IN (SELECT value FROM json_each(session.tags)))
         ORDER BY session.name",
    )?;
    read.query_map([definition], |row| row.get(0))?.collect()
}

fn of_posting(tx: &WriteTx<'_>, posting: &str) -> rusqlite::Result<Option<(u64, bool)>> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT id, is_open FROM batch WHERE posting = ?1")?;
    let found = read.query_row([posting], |row| Ok((row.get(0)?, row.get(1)?)));
    found.optional()
}

fn create(tx: &WriteTx<'_>, batch: &BatchPost) -> Result<u64, SqliteFailure> {
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO batch (posting, name, fails_at, posted_by, posted)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![
        batch.posting,
        batch.name,
        batch.fails_at,
        batch.posted_by,
        tx.now,
    ])?;
    let id = u64::try_from(tx.conn.last_insert_rowid()).unwrap_or(0);
    for next in &batch.then {
        next_posts::store(tx, FollowedPost::Batch(BatchId(id)), next)?;
    }
    Ok(id)
}

/// Takes note that no more members come.
fn close(tx: &WriteTx<'_>, id: u64) -> Result<(), SqliteFailure> {
    let mut update = tx
        .conn
        .prepare_cached("UPDATE batch SET is_open = 0 WHERE id = ?1 RETURNING left, failed")?;
    let (left, failed): (u64, u64) =
        update.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match left {
        0 => Ok(over(tx, id, failed == 0)?),
        _ => Ok(()),
    }
}

/// Takes note that a member is over.
pub(super) fn member_over(tx: &WriteTx<'_>, id: u64, state: JobState) -> Result<(), SqliteFailure> {
    let is_failure = state != JobState::Succeeded;
    let mut update = tx
        .conn
        .prepare_cached("UPDATE batch SET left = left - 1, failed = failed + ?2 WHERE id = ?1")?;
    update.execute(params![id, is_failure])?;
    let mut read = tx
        .conn
        .prepare_cached("SELECT left, failed, fails_at, is_open FROM batch WHERE id = ?1")?;
    let counted = read.query_row([id], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, u64>(1)?,
            row.get::<_, Option<u64>>(2)?,
            row.get::<_, bool>(3)?,
        ))
    });
    let Some((left, failed, fails_at, is_open)) = counted.optional()? else {
        return Ok(());
    };
    let is_cancelled = state == JobState::Cancelled;
    if fails_at.is_some_and(|most| failed >= most) && is_failure && !is_cancelled {
        let mut end = tx
            .conn
            .prepare_cached("UPDATE batch SET ending = 0 WHERE id = ?1 AND ending IS NULL")?;
        end.execute([id])?;
    }
    match left {
        0 if !is_open => Ok(over(tx, id, failed == 0)?),
        _ => Ok(()),
    }
}

/// Takes note that a member which was over goes on: it counts again.
pub(super) fn member_again(tx: &WriteTx<'_>, id: u64, state: JobState) -> rusqlite::Result<()> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE batch SET left = left + 1, failed = failed - ?2, ended = NULL, ending = NULL
         WHERE id = ?1",
    )?;
    update.execute(params![id, state != JobState::Succeeded])?;
    Ok(())
}

/// Does what follows when no member is left, after the count was repaired.
pub(super) fn end_if_over(tx: &WriteTx<'_>, id: u64) -> Result<(), SqliteFailure> {
    match batch(tx.conn, BatchId(id))? {
        Some(batch) if batch.left == 0 && !batch.is_open => Ok(over(tx, id, batch.failed == 0)?),
        _ => Ok(()),
    }
}

fn over(tx: &WriteTx<'_>, id: u64, is_success: bool) -> rusqlite::Result<()> {
    let mut update = tx
        .conn
        .prepare_cached("UPDATE batch SET ended = ?2 WHERE id = ?1")?;
    update.execute(params![id, tx.now])?;
    let batch = BatchId(id);
    tx.note(FollowUp::BatchOver { batch, is_success });
    Ok(())
}

/// The batches that end early.
pub(super) const ENDING: &str =
    "SELECT id, ending FROM batch INDEXED BY batch_ending WHERE ending IS NOT NULL LIMIT 1";

/// Cancels members of a batch that ends early, as far as they have not begun; the rest in the next
/// call.
pub(super) fn end_early(tx: &WriteTx<'_>) -> Result<(), SqliteFailure> {
    let mut read = tx.conn.prepare_cached(ENDING)?;
    let found = read.query_row([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, i64>(1)?)));
    let Some((id, after)) = found.optional()? else {
        return Ok(());
    };
    let mut read = tx.conn.prepare_cached(&format!(
        "SELECT id, {AT_REST} FROM job INDEXED BY job_batch
         WHERE batch = ?1 AND id > ?2 AND batch IS NOT NULL ORDER BY id LIMIT ?3"
    ))?;
    let rows = read.query_map(params![id, after, MOST_CANCELLED], JobAtRest::of_row)?;
    let members: Vec<JobAtRest> = rows.collect::<rusqlite::Result<_>>()?;
    let rests = |job: &&JobAtRest| {
        use JobState::{Limited, Paused, Waiting};
        matches!(job.state, Waiting | Limited | Paused) && !job.has_begun
    };
    for job in members.iter().filter(rests) {
        let reason = "its batch has ended early: too many members have failed";
        job.enter(tx, "", EntryOutcome::StopNoRevert, JobState::Cancelled)?;
        job.explain(tx, reason)?;
    }
    let last = members.last().map(|job| job.id.0);
    let next = last.filter(|_| members.len() == MOST_CANCELLED);
    let mut update = tx
        .conn
        .prepare_cached("UPDATE batch SET ending = ?2 WHERE id = ?1")?;
    update.execute(params![id, next])?;
    if next.is_some() {
        tx.ring();
    }
    Ok(())
}

/// Returns a batch.
pub(super) fn batch(conn: &Connection, id: BatchId) -> rusqlite::Result<Option<BatchRecord>> {
    let mut read = conn.prepare_cached(
        "SELECT name, jobs, left, failed, fails_at, is_open, posted_by, posted, ended
         FROM batch WHERE id = ?1",
    )?;
    let found = read.query_row([id.0], |row| {
        Ok(BatchRecord {
            id,
            name: row.get(0)?,
            jobs: row.get(1)?,
            left: row.get(2)?,
            failed: row.get(3)?,
            fails_at: row.get(4)?,
            is_open: row.get(5)?,
            posted_by: row.get(6)?,
            posted: row.get(7)?,
            ended: row.get(8)?,
        })
    });
    found.optional()
}
