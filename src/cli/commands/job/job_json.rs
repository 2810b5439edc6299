//! Jobs as data.

use serde_json::{Value, json};

use super::board_access::refused;
use super::chain::{batch_json, followed_words, next_json};
use super::time::of_millis;
use crate::board::{Board, FollowedPost, JobRecord};
use crate::core::command_error::CommandError;
use crate::core::time::{Precision, rfc3339};
use crate::flow::journal::JournalEntry;
use crate::status::job_wait::why_waits;

/// Returns a job with its journal.
pub(crate) fn job_json(board: &dyn Board, job: &JobRecord) -> Result<Value, CommandError> {
    let journal = board.journal(job.id).map_err(refused)?;
    let facts = board.wait_facts(job.id).map_err(refused)?;
    let mut data = record_json(job);
    data["why_waiting"] = why_waits(&facts).into();
    let follows = board.followed_by(job.id).map_err(refused)?;
    data["after"] = follows.map(followed_words).into();
    let mut then = board
        .what_follows(FollowedPost::Job(job.id))
        .map_err(refused)?;
    if let Some(id) = job.batch {
        then.extend(
            board
                .what_follows(FollowedPost::Batch(id))
                .map_err(refused)?,
        );
        let batch = board.batch(id).map_err(refused)?;
        data["batch"] = batch.as_ref().map(batch_json).unwrap_or_default();
    }
    data["then"] = then.iter().map(next_json).collect();
    data["journal"] = journal.iter().map(entry_json).collect();
    Ok(data)
}

/// Returns a job without its journal, and without its arguments, some of which may be secret.
pub(crate) fn record_json(job: &JobRecord) -> Value {
    let doing = job.doing.iter().map(|doing| {
        json!({
            "step": doing.step,
            "phase": doing.phase,
            "attempt": doing.attempt,
            "since": time(doing.since),
        })
    });
    json!({
        "id": job.id,
        "job": job.definition,
        "state": job.state.word(),
        "reason": job.reason,
        "key": job.key,
        "priority": job.priority,
        "run_at": time(job.run_at),
        "worker": job.worker,
        "fence": job.fence,
        "doing": doing.collect::<Vec<_>>(),
        "crashes": job.crashes,
        "result": job.result,
        "posted": time(job.posted),
        "posted_by": job.posted_by,
        "ended": job.ended.and_then(time),
        "expires": job.expires.and_then(time),
        "ends_by": job.ends_by.and_then(time),
        "limit_key": job.limit_key,
        "batch": job.batch,
        "for_worker": job.for_worker,
        "ignores_pauses": job.ignores_pauses,
    })
}

fn entry_json(entry: &JournalEntry) -> Value {
    json!({
        "seq": entry.seq,
        "step": entry.step,
        "phase": entry.phase,
        "attempt": entry.attempt,
        "outcome": entry.outcome,
        "started": time(entry.started),
        "ended": time(entry.ended),
        "code": entry.code,
        "kind": entry.kind,
        "error": entry.error,
        "result": entry.result,
        "worker": entry.worker,
    })
}

/// Returns a time as RFC 3339 has it; `None` for 0, which stands for no time.
pub(crate) fn time(millis: i64) -> Option<String> {
    (millis != 0).then(|| rfc3339(of_millis(millis), Precision::Millis))
}
