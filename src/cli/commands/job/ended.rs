//! Jobs that have ended, beside the runs of chains: for `history` and `report`.

use std::time::Duration;

use serde_json::{Value, json};

use super::board_access::refused;
use super::job_json::time;
use crate::alert::fingerprint;
use crate::board::{Board, EndFilter, EndedJob, JobState};
use crate::core::command_error::CommandError;
use crate::core::event::RunId;
use crate::core::time::{exact, of_unix_millis};
use crate::history::{RecordedRun, RunResult, Stamp};
use crate::text::terminal::plain;
use crate::unix::clock::short;

/// Returns the jobs that ended last, the first of them first.
///
/// # Errors
///
/// When the board cannot be used.
pub(crate) fn ended_jobs(
    board: &dyn Board,
    filter: &EndFilter,
) -> Result<Vec<EndedJob>, CommandError> {
    let mut jobs = board.ended_jobs(filter).map_err(refused)?;
    jobs.reverse();
    Ok(jobs)
}

/// Returns the line of a job, without an end, and what it failed with:
/// `job 17       22 Nov 01:10:33  resize  failed in 1s (kind 7f3a)`.
pub(crate) fn ended_line(job: &EndedJob) -> (String, Option<String>) {
    let at = short(began(job).time());
    let kind = job.kind.as_deref().filter(|_| is_failure(job));
    let kind = kind.map(|kind| format!(" (kind {})", fingerprint::short(kind)));
    let took = job
        .began
        .map(|_| format!(" in {}", exact(took(job))))
        .unwrap_or_default();
    let line = format!(
        "{:<11}  {at}  {}  {}{took}{}",
        format!("job {}", job.id),
        job.definition,
        job.state.word(),
        kind.unwrap_or_default(),
    );
    let reason = job.reason.as_deref().filter(|_| is_failure(job));
    let reason = reason.map(|reason| plain(reason).lines().next().unwrap_or_default().to_owned());
    (line, reason)
}

/// Returns a job as data, like a run of a chain.
pub(crate) fn ended_json(job: &EndedJob) -> Value {
    json!({
        "job": job.id,
        "task": job.definition,
        "began": job.began.and_then(time),
        "ended": time(job.ended),
        "seconds": job.began.map(|_| took(job).as_secs_f64()),
        "result": job.state.word(),
        "kind": job.kind,
        "text": job.reason,
    })
}

/// Returns a job as a run of a chain is recorded.
pub(crate) fn as_run(job: &EndedJob) -> RecordedRun {
    RecordedRun {
        id: RunId(job.id.0),
        task: job.definition.clone(),
        at: began(job),
        took: took(job),
        result: result(job),
        kind: job.kind.clone(),
        text: job.reason.clone().filter(|_| is_failure(job)),
        details: Vec::new(),
        output: None,
    }
}

/// Returns when a job began, or when it ended if no step was begun.
pub(crate) fn began(job: &EndedJob) -> Stamp {
    Stamp::of(of_unix_millis(job.began.unwrap_or(job.ended)))
}

/// Returns how a job ended, as a run of a chain ends.
pub(crate) fn result(job: &EndedJob) -> RunResult {
    match job.state {
        JobState::Succeeded => RunResult::Ok,
        JobState::Cancelled => RunResult::Interrupted,
        _ => RunResult::Failed,
    }
}

fn is_failure(job: &EndedJob) -> bool {
    result(job).is_failure()
}

/// Returns how long a job took from its first attempt to its end.
pub(crate) fn took(job: &EndedJob) -> Duration {
    let took = job.ended - job.began.unwrap_or(job.ended);
    Duration::from_millis(u64::try_from(took).unwrap_or(0))
}
