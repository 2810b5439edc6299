//! New jobs.

use rusqlite::{OptionalExtension, params};

use super::limits;
use super::next_posts;
use super::releases::{AT_REST, JobAtRest};
use super::sqlite_failure::SqliteFailure;
use super::write_tx::WriteTx;
use crate::board::board_error::BoardError;
use crate::board::job_id::JobId;
use crate::board::job_state::JobState;
use crate::board::next_post::FollowedPost;
use crate::board::post::{KeyRule, PRIORITIES, Post, PostReceipt};
use crate::flow::journal::EntryOutcome;

/// No posting, key or name is longer.
const LONGEST_NAME: usize = 255;
/// No arguments are longer.
const LONGEST_ARGS: usize = 1 << 20;

/// A post as the writer needs it.
#[derive(Debug)]
pub(super) struct PostRow {
    post: Post,
    args: String,
}

impl PostRow {
    /// Checks a post and turns it into a row.
    ///
    /// # Errors
    ///
    /// [`BoardError::Malformed`].
    pub(super) fn of(post: &Post) -> Result<Self, BoardError> {
        let args = post.args.to_string();
        let wrong = |why: String| Err(BoardError::Malformed(why));
        let key = post.key.as_deref();
        for (what, text) in [
            ("posting", post.posting.as_str()),
            ("definition", post.definition.as_str()),
            ("key", key.unwrap_or("-")),
            (
                "limit key",
                post.limit.as_ref().map_or("-", |limit| &limit.key),
            ),
            ("worker", post.for_worker.as_deref().unwrap_or("-")),
        ] {
            if text.is_empty() || text.len() > LONGEST_NAME {
                return wrong(format!(
                    "the {what} has {} bytes, not 1 to {LONGEST_NAME}",
                    text.len()
                ));
            }
        }
        if args.len() > LONGEST_ARGS {
            return wrong(format!(
                "the arguments have {} bytes, more than a MiB",
                args.len()
            ));
        }
        if !PRIORITIES.contains(&post.priority) {
            return wrong(format!(
                "priority {} is not between -2 and 2",
                post.priority
            ));
        }
        Ok(PostRow {
            post: post.clone(),
            args,
        })
    }

    /// Returns what is posted.
    pub(super) fn as_post(&self) -> &Post {
        &self.post
    }

    /// Returns the identity of the posting.
    pub(super) fn posting(&self) -> &str {
        &self.post.posting
    }
}

/// Posts a job, or finds the one that is there.
pub(super) fn post(tx: &WriteTx<'_>, row: &PostRow) -> Result<PostReceipt, SqliteFailure> {
    post_into(tx, row, None)
}

/// The same for a member of a batch, whose count is the caller's.
pub(super) fn post_into(
    tx: &WriteTx<'_>,
    row: &PostRow,
    batch: Option<u64>,
) -> Result<PostReceipt, SqliteFailure> {
    if let Some(key) = &row.post.key {
        if let Some(id) = of_posting(tx, &row.post.posting)? {
            return Ok(PostReceipt { id, is_new: false });
        }
        if let Some(receipt) = of_key(tx, key, row.post.if_there)? {
            return Ok(receipt);
        }
    }
    match insert(tx, row, batch)? {
        Some(id) => {
            if let Some(limit) = &row.post.limit {
                limits::of_post(tx, &row.post.definition, limit)?;
            }
            for next in &row.post.then {
                next_posts::store(tx, FollowedPost::Job(id), next)?;
            }
            if row.post.run_at <= tx.now {
                tx.ring();
            }
            Ok(PostReceipt { id, is_new: true })
        }
        None => {
            let id = of_posting(tx, &row.post.posting)?;
            let id = id.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Ok(PostReceipt { id, is_new: false })
        }
    }
}

fn of_posting(tx: &WriteTx<'_>, posting: &str) -> rusqlite::Result<Option<JobId>> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT id FROM job WHERE posting = ?1")?;
    let id = read.query_row([posting], |row| row.get(0)).optional()?;
    Ok(id.map(JobId))
}

/// Applies the rule for a key that a job has which is not over; `None`: the key is free.
fn of_key(
    tx: &WriteTx<'_>,
    key: &str,
    rule: KeyRule,
) -> Result<Option<PostReceipt>, SqliteFailure> {
    let mut read = tx.conn.prepare_cached(&format!(
        "SELECT id, {AT_REST} FROM job INDEXED BY job_key
         WHERE key = ?1 AND key IS NOT NULL AND (state < 4 OR state > 7)"
    ))?;
    let there = read.query_row([key], JobAtRest::of_row);
    let Some(there) = there.optional()? else {
        return Ok(None);
    };
    let rests = matches!(
        there.state,
        JobState::Waiting | JobState::Limited | JobState::Paused
    );
    match rule {
        KeyRule::Keep => Ok(Some(PostReceipt {
            id: there.id,
            is_new: false,
        })),
        KeyRule::Replace if rests && !there.has_begun => {
            there.enter(tx, "", EntryOutcome::StopNoRevert, JobState::Cancelled)?;
            Ok(None)
        }
        KeyRule::Replace | KeyRule::Fail => Err(BoardError::KeyTaken {
            id: there.id,
            state: there.state,
        }
        .into()),
    }
}

fn insert(tx: &WriteTx<'_>, row: &PostRow, batch: Option<u64>) -> rusqlite::Result<Option<JobId>> {
    let post = &row.post;
    let state = match post.limit {
        Some(_) => JobState::Limited,
        None => JobState::Waiting,
    };
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO job (state, priority, run_at, posted, expires, definition, posting, key,
            args, project, posted_by, limit_key, batch, for_worker, ignores_pauses, has_next)
         VALUES (?11, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (posting) DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        post.priority,
        post.run_at.max(tx.now),
        tx.now,
        post.expires,
        post.definition,
        post.posting,
        post.key,
        row.args,
        post.project,
        post.posted_by,
        state.number(),
        post.limit.as_ref().map(|limit| &limit.key),
        batch,
        post.for_worker,
        post.ignores_pauses,
        !post.then.is_empty(),
    ])?;
    let id = u64::try_from(tx.conn.last_insert_rowid()).unwrap_or(0);
    Ok((inserted == 1).then_some(JobId(id)))
}
