//! Jobs as data.

use serde_json::{Value, json};

use super::board_access::refused;
use super::time::of_millis;
use crate::board::{Board, JobRecord};
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
