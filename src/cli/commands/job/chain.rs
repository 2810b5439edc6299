//! What comes before and after a job: its batch, and the chain that follows.

use serde_json::{Value, json};

use super::board_access::refused;
use crate::board::{
    BatchReceipt, BatchRecord, Board, FollowedPost, JobRecord, NextPost, NextRecord, ThenRule,
};
use crate::cli::output::{on_one_line, plain};
use crate::core::command_error::CommandError;
use crate::text::counts::{counted_or_no, grouped};

/// No chain is shown further.
const DEEPEST: usize = 32;

/// Returns the lines about what comes before and after a job.
///
/// # Errors
///
/// When the board cannot be read.
pub(crate) fn chain_lines(board: &dyn Board, job: &JobRecord) -> Result<String, CommandError> {
    let mut text = String::new();
    if let Some(id) = job.batch
        && let Some(batch) = board.batch(id).map_err(refused)?
    {
        text.push_str(&format!("{}\n", batch_line(&batch)));
    }
    if let Some(before) = board.followed_by(job.id).map_err(refused)? {
        text.push_str(&format!("After: {}\n", followed_words(before)));
    }
    push_following(board, FollowedPost::Job(job.id), 0, &mut text)?;
    if let Some(id) = job.batch {
        push_following(board, FollowedPost::Batch(id), 0, &mut text)?;
    }
    Ok(text)
}

/// Adds the lines about what comes after something.
///
/// # Errors
///
/// When the board cannot be read.
pub(crate) fn push_following(
    board: &dyn Board,
    after: FollowedPost,
    depth: usize,
    text: &mut String,
) -> Result<(), CommandError> {
    if depth > DEEPEST {
        return Ok(());
    }
    let space = "  ".repeat(depth);
    for record in board.what_follows(after).map_err(refused)? {
        let Some(became) = record.became else {
            push_planned(&record.next, depth, text);
            continue;
        };
        let definition = plain(&record.next.post.definition).to_string();
        let what = followed_words(became);
        let state = match became {
            FollowedPost::Job(id) => board
                .job(id)
                .map_err(refused)?
                .map(|job| format!(" is {}", job.state)),
            FollowedPost::Batch(id) => board
                .batch(id)
                .map_err(refused)?
                .map(|batch| format!(": {}", batch_counts(&batch))),
        };
        let state = state.unwrap_or_else(|| " is not kept any more".to_owned());
        text.push_str(&format!("{space}Then: {what} ({definition}){state}\n"));
        push_following(board, became, depth + 1, text)?;
    }
    Ok(())
}

fn push_planned(next: &NextPost, depth: usize, text: &mut String) {
    let space = "  ".repeat(depth);
    let definition = plain(&next.post.definition).to_string();
    let each = if next.every_worker {
        " for each worker"
    } else {
        ""
    };
    text.push_str(&format!(
        "{space}Then: {definition}{each}{}\n",
        rule_words(next.rule)
    ));
    if depth < DEEPEST {
        for after in &next.post.then {
            push_planned(after, depth + 1, text);
        }
    }
}

/// Returns after which ends something is posted, in words.
pub(crate) fn rule_words(rule: ThenRule) -> &'static str {
    match rule {
        ThenRule::Succeeded => ", if that succeeds",
        ThenRule::Ended => ", whatever the end is",
    }
}

/// Returns what is followed, in words.
pub(crate) fn followed_words(what: FollowedPost) -> String {
    match what {
        FollowedPost::Job(id) => format!("job {id}"),
        FollowedPost::Batch(id) => format!("batch {id}"),
    }
}

/// Returns a batch as a line.
pub(crate) fn batch_line(batch: &BatchRecord) -> String {
    format!(
        "Batch {} ({}): {}",
        batch.id,
        on_one_line(&batch.name),
        batch_counts(batch)
    )
}

fn batch_counts(batch: &BatchRecord) -> String {
    let mut counts = counted_or_no(batch.jobs, "job", "jobs");
    match batch.left {
        0 => {}
        left => counts.push_str(&format!(", {} left", grouped(left))),
    }
    if batch.failed > 0 {
        counts.push_str(&format!(", {} without a success", grouped(batch.failed)));
    }
    if batch.is_open {
        counts.push_str("; more may be posted");
    }
    counts
}

/// Returns what comes after something, as data.
pub(crate) fn next_json(record: &NextRecord) -> Value {
    let (job, batch) = match record.became {
        Some(FollowedPost::Job(id)) => (Some(id), None),
        Some(FollowedPost::Batch(id)) => (None, Some(id)),
        None => (None, None),
    };
    let mut data = planned_json(&record.next);
    data["posted_job"] = json!(job);
    data["posted_batch"] = json!(batch);
    data
}

fn planned_json(next: &NextPost) -> Value {
    let then: Vec<Value> = next.post.then.iter().map(planned_json).collect();
    json!({
        "job": next.post.definition,
        "if": next.rule,
        "every_worker": next.every_worker,
        "then": then,
    })
}

/// Returns the answer to the post of a batch as data.
pub(crate) fn batch_receipt_json(receipt: &BatchReceipt) -> Value {
    json!({ "batch": receipt.id, "posted": receipt.posted, "jobs": receipt.jobs })
}

/// Returns a batch as data.
pub(crate) fn batch_json(batch: &BatchRecord) -> Value {
    json!({
        "batch": batch.id,
        "name": batch.name,
        "jobs": batch.jobs,
        "left": batch.left,
        "failed": batch.failed,
        "fails_at": batch.fails_at,
    })
}
