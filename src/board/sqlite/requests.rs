//! What persons and programs ask of jobs: the table of states, in code.

use rusqlite::{OptionalExtension, params};

use super::releases::{self, JobAtRest, at_rest};
use super::sqlite_failure::SqliteFailure;
use super::words::{of_word, pending_word};
use super::write_tx::WriteTx;
use super::{follow_ups, limits, pages};
use crate::board::batch::BulkAnswer;
use crate::board::board_error::BoardError;
use crate::board::job_id::JobId;
use crate::board::job_record::JobFilter;
use crate::board::job_request::{JobRequest, PendingRequest, RequestAnswer};
use crate::board::job_state::JobState;
use crate::board::post::PRIORITIES;
use crate::flow::journal::EntryOutcome;

type Answered = Result<RequestAnswer, SqliteFailure>;

/// Carries out a request, and admits what gets a place by that. Returns the state after both.
pub(super) fn request(tx: &WriteTx<'_>, id: JobId, request: &JobRequest) -> Answered {
    let answer = ask_for(tx, id, request)?;
    follow_ups::carry_out(tx)?;
    match answer {
        RequestAnswer::Done(JobState::Limited) => {
            let job = at_rest(tx, id)?;
            Ok(job.map_or(RequestAnswer::Missing, |job| RequestAnswer::Done(job.state)))
        }
        answer => Ok(answer),
    }
}

/// Carries out a request, or leaves it for the holder.
pub(super) fn ask_for(tx: &WriteTx<'_>, id: JobId, request: &JobRequest) -> Answered {
    let Some(job) = at_rest(tx, id)? else {
        return Ok(RequestAnswer::Missing);
    };
    match request {
        JobRequest::Stop => ask(tx, &job, PendingRequest::Stop),
        JobRequest::StopNoRevert => ask(tx, &job, PendingRequest::StopNoRevert),
        JobRequest::Kill => ask(tx, &job, PendingRequest::Kill),
        JobRequest::Pause => ask(tx, &job, PendingRequest::Pause),
        JobRequest::Resume => resume(tx, &job),
        JobRequest::Retry { from } => retry(tx, &job, from.as_deref().unwrap_or_default()),
        JobRequest::Skip { step } => skip(tx, &job, step),
        JobRequest::Revert => revert(tx, &job),
        JobRequest::Cancel => cancel(tx, &job),
        JobRequest::Priority(priority) => set_priority(tx, &job, *priority),
    }
}

fn ask(tx: &WriteTx<'_>, job: &JobAtRest, wanted: PendingRequest) -> Answered {
    match job.state {
        JobState::Waiting | JobState::Limited | JobState::Paused => {
            releases::settle(tx, job.id, wanted)
        }
        JobState::Running => leave_for_holder(tx, job, wanted),
        JobState::Stuck => Ok(RequestAnswer::Impossible(job.state)),
        state => Ok(RequestAnswer::Over(state)),
    }
}

fn pending(tx: &WriteTx<'_>, id: JobId) -> rusqlite::Result<Option<PendingRequest>> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT want FROM job WHERE id = ?1")?;
    let want: Option<Option<String>> = read.query_row([id.0], |row| row.get(0)).optional()?;
    Ok(want.flatten().and_then(|word| of_word(&word)))
}

fn set_pending(
    tx: &WriteTx<'_>,
    id: JobId,
    wanted: Option<PendingRequest>,
) -> rusqlite::Result<()> {
    let mut update = tx
        .conn
        .prepare_cached("UPDATE job SET want = ?2 WHERE id = ?1")?;
    update.execute(params![id.0, wanted.map(pending_word)])?;
    Ok(())
}

/// The stronger request stays.
fn leave_for_holder(tx: &WriteTx<'_>, job: &JobAtRest, wanted: PendingRequest) -> Answered {
    if pending(tx, job.id)?.is_some_and(|pending| pending >= wanted) {
        return Ok(RequestAnswer::AsBefore(job.state));
    }
    set_pending(tx, job.id, Some(wanted))?;
    tx.ring();
    Ok(RequestAnswer::Asked)
}

fn resume(tx: &WriteTx<'_>, job: &JobAtRest) -> Answered {
    match job.state {
        JobState::Paused => job.enter(tx, "", EntryOutcome::Resume, JobState::Waiting),
        JobState::Running if pending(tx, job.id)? == Some(PendingRequest::Pause) => {
            set_pending(tx, job.id, None)?;
            Ok(RequestAnswer::Done(job.state))
        }
        JobState::Running | JobState::Waiting | JobState::Limited => {
            Ok(RequestAnswer::AsBefore(job.state))
        }
        JobState::Stuck => Ok(RequestAnswer::Impossible(job.state)),
        state => Ok(RequestAnswer::Over(state)),
    }
}

fn retry(tx: &WriteTx<'_>, job: &JobAtRest, from: &str) -> Answered {
    match job.state {
        JobState::Stuck | JobState::Failed => go_on(tx, job, from, EntryOutcome::Retry),
        JobState::Waiting | JobState::Limited if from.is_empty() => {
            let mut update = tx.conn.prepare_cached(
                "UPDATE job SET run_at = min(run_at, ?2) WHERE id = ?1 AND run_at > ?2",
            )?;
            if update.execute(params![job.id.0, tx.now])? == 0 {
                return Ok(RequestAnswer::AsBefore(job.state));
            }
            limits::note(tx, job.id)?;
            tx.ring();
            Ok(RequestAnswer::Done(job.state))
        }
        state if state.is_over() => Ok(RequestAnswer::Over(state)),
        state => Ok(RequestAnswer::Impossible(state)),
    }
}

fn skip(tx: &WriteTx<'_>, job: &JobAtRest, step: &str) -> Answered {
    match job.state {
        JobState::Stuck => go_on(tx, job, step, EntryOutcome::Skipped),
        state if state.is_over() => Ok(RequestAnswer::Over(state)),
        state => Ok(RequestAnswer::Impossible(state)),
    }
}

fn revert(tx: &WriteTx<'_>, job: &JobAtRest) -> Answered {
    match job.state {
        JobState::Stuck | JobState::Failed => go_on(tx, job, "", EntryOutcome::Revert),
        state if state.is_over() => Ok(RequestAnswer::Over(state)),
        state => Ok(RequestAnswer::Impossible(state)),
    }
}

fn cancel(tx: &WriteTx<'_>, job: &JobAtRest) -> Answered {
    match job.state {
        JobState::Stuck => job.enter(tx, "", EntryOutcome::StopNoRevert, JobState::Cancelled),
        _ => ask(tx, job, PendingRequest::StopNoRevert),
    }
}

/// Makes a job claimable again that was stuck or had failed.
fn go_on(tx: &WriteTx<'_>, job: &JobAtRest, step: &str, outcome: EntryOutcome) -> Answered {
    if let Some(other) = key_holder(tx, job.id)? {
        return Ok(RequestAnswer::KeyTaken(other));
    }
    let mut update = tx.conn.prepare_cached(
        "UPDATE job SET crashes = 0, crashed_at = NULL, reason = NULL, ends_by = NULL
         WHERE id = ?1",
    )?;
    update.execute([job.id.0])?;
    job.enter(tx, step, outcome, JobState::Waiting)
}

/// Returns another job that is not over and has the key of this one.
fn key_holder(tx: &WriteTx<'_>, id: JobId) -> rusqlite::Result<Option<JobId>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT other.id FROM job JOIN job AS other ON other.key = job.key
         WHERE job.id = ?1 AND other.id <> job.id AND (other.state < 4 OR other.state > 7)",
    )?;
    let other = read.query_row([id.0], |row| row.get(0)).optional()?;
    Ok(other.map(JobId))
}

fn set_priority(tx: &WriteTx<'_>, job: &JobAtRest, priority: i8) -> Answered {
    if !PRIORITIES.contains(&priority) {
        let why = format!("priority {priority} is not between -2 and 2");
        return Err(BoardError::Malformed(why).into());
    }
    if job.state.is_over() {
        return Ok(RequestAnswer::Over(job.state));
    }
    let mut update = tx
        .conn
        .prepare_cached("UPDATE job SET priority = ?2 WHERE id = ?1 AND priority <> ?2")?;
    Ok(match update.execute(params![job.id.0, priority])? {
        0 => RequestAnswer::AsBefore(job.state),
        _ => RequestAnswer::Done(job.state),
    })
}

/// How many jobs a request to many changes in one transaction.
const MOST_AT_ONCE: u32 = 500;

/// Asks something of the jobs that a filter finds.
pub(super) fn request_all(
    tx: &WriteTx<'_>,
    filter: &JobFilter,
    wanted: &JobRequest,
) -> Result<BulkAnswer, SqliteFailure> {
    let page = JobFilter {
        limit: MOST_AT_ONCE,
        ..filter.clone()
    };
    let page = pages::jobs(tx.conn, &page)?;
    let mut answer = BulkAnswer {
        next: page.next,
        ..BulkAnswer::default()
    };
    for job in page.jobs {
        match request(tx, job.id, wanted)? {
            RequestAnswer::Done(_) => answer.done += 1,
            RequestAnswer::Asked => answer.asked += 1,
            _ => answer.passed += 1,
        }
    }
    Ok(answer)
}
