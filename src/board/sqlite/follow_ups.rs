//! What follows from the changes of a call, in its transaction: the count of a batch, what comes
//! after, and the jobs that are admitted.

use rusqlite::params;

use super::alerts::fact_rows;
use super::batches::{self, post_for_every_worker};
use super::limits;
use super::next_posts::{FOLLOWING_BATCH, FOLLOWING_JOB, store, stored};
use super::posting::{PostRow, post_into};
use super::releases::at_rest;
use super::sqlite_failure::SqliteFailure;
use super::words::of_word;
use super::write_tx::{FollowUp, WriteTx};
use crate::board::batch::BatchPost;
use crate::board::board_error::BoardError;
use crate::board::job_state::JobState;
use crate::board::next_post::{FollowedPost, NextRecord};
use crate::board::post::{NextPost, Post, ThenRule};

/// Carries out what follows from the changes of the call so far.
pub(super) fn carry_out(tx: &WriteTx<'_>) -> Result<(), SqliteFailure> {
    while let Some(follow_up) = tx.take_note() {
        match follow_up {
            FollowUp::Member { batch, after, .. } if after.is_over() => {
                batches::member_over(tx, batch, after)?
            }
            FollowUp::Member { batch, before, .. } => batches::member_again(tx, batch, before)?,
            FollowUp::JobOver { job, is_success } => {
                follow(tx, FollowedPost::Job(job), is_success)?;
            }
            FollowUp::BatchOver { batch, is_success } => {
                follow(tx, FollowedPost::Batch(batch), is_success)?;
            }
        }
    }
    fact_rows::insert_noted(tx)?;
    Ok(limits::admit_noted(tx)?)
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
    Ok(stored(tx.conn, number)?)
}

/// Returns whether what is followed has ended with a success; `None`: it is not over.
fn end_of(tx: &WriteTx<'_>, after: FollowedPost) -> Result<Option<bool>, SqliteFailure> {
    match after {
        FollowedPost::Job(id) => {
            let job = at_rest(tx, id)?;
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

/// Posts what comes after a job or a batch that is over.
fn follow(tx: &WriteTx<'_>, after: FollowedPost, is_success: bool) -> Result<(), SqliteFailure> {
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
