//! How jobs leave their holder without its transition: reap, give-back, leave; and what a request
//! does to a job that nothing holds.

use rusqlite::{OptionalExtension, Row, params};

use super::alerts::fact_rows;
use super::job_links::{JobLinks, link_columns};
use super::journal_rows::{insert_entry, interrupted_entry, request_entry};
use super::limits;
use super::sqlite_failure::SqliteFailure;
use super::words::json;
use super::words::of_word;
use super::write_tx::WriteTx;
use crate::board::job_id::JobId;
use crate::board::job_request::{PendingRequest, RequestAnswer};
use crate::board::job_state::JobState;
use crate::flow::journal::{Doing, EntryOutcome, Phase};

/// A job at the moment when it leaves its holder.
#[derive(Debug)]
pub(super) struct HeldJob {
    pub(super) id: JobId,
    pub(super) fence: u64,
    pub(super) seq: u64,
    doing: Vec<Doing>,
    pub(super) lease: i64,
    crashes: u32,
    crashed_at: Option<String>,
    max_crashes: Option<u32>,
    want: Option<PendingRequest>,
    has_begun: bool,
    links: JobLinks,
}

impl HeldJob {
    fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let doing: String = row.get(3)?;
        let want: Option<String> = row.get(8)?;
        Ok(HeldJob {
            id: JobId(row.get(0)?),
            fence: row.get(1)?,
            seq: row.get(2)?,
            doing: serde_json::from_str(&doing).unwrap_or_default(),
            lease: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
            crashes: row.get(5)?,
            crashed_at: row.get(6)?,
            max_crashes: row.get(7)?,
            want: want.and_then(|word| of_word(&word)),
            has_begun: row.get(9)?,
            links: JobLinks::of_row(row, 10)?,
        })
    }
}

/// The jobs that a session holds.
pub(super) const HELD: &str = concat!(
    "SELECT id, fence, seq, doing, lease, crashes, crashed_at, max_crashes, want, has_begun, ",
    link_columns!(),
    " FROM job INDEXED BY job_owner WHERE owner = ?1 ORDER BY id"
);

/// Returns the jobs that a session holds.
pub(super) fn held(tx: &WriteTx<'_>, session: u64) -> rusqlite::Result<Vec<HeldJob>> {
    let mut read = tx.conn.prepare_cached(HELD)?;
    read.query_map([session], HeldJob::of_row)?.collect()
}

/// Why a job leaves its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// The session is dead: counts as a crash.
    Crash,
    /// The attempts in progress are dead; nothing is counted.
    Interrupted,
    /// No attempt was started.
    NeverStarted,
}

/// Takes a job from its holder. Returns the state that follows.
pub(super) fn release(
    tx: &WriteTx<'_>,
    job: HeldJob,
    worker: &str,
    leaving: Leaving,
) -> Result<JobState, SqliteFailure> {
    let mut job = job;
    let steps = steps_of(&job.doing);
    if leaving != Leaving::NeverStarted {
        for doing in std::mem::take(&mut job.doing) {
            job.seq += 1;
            job.has_begun |= doing.phase == Phase::Execute;
            let entry = interrupted_entry(job.seq, job.fence, &doing, worker, tx.now);
            insert_entry(tx.conn, job.id, &entry)?;
        }
    }
    if job.seq == 0 {
        // What began with the claim was never started.
        job.has_begun = false;
    }
    if leaving == Leaving::Crash {
        let is_again = job.crashed_at.as_ref() == Some(&steps);
        job.crashes = if is_again { job.crashes + 1 } else { 1 };
        job.crashed_at = Some(steps);
    }
    let is_stuck = job
        .max_crashes
        .is_some_and(|most| job.crashes >= most.max(1))
        && leaving == Leaving::Crash;
    let state = if is_stuck {
        JobState::Stuck
    } else {
        JobState::Waiting
    };
    store(tx, &job, state)?;
    fact_rows::note(tx, job.id, state, None)?;
    job.links.moved(tx, job.id, JobState::Running, state);
    if is_stuck {
        return Ok(state);
    }
    tx.ring();
    match job.want {
        Some(want) => match settle(tx, job.id, want)? {
            RequestAnswer::Done(state) => Ok(state),
            _ => Ok(state),
        },
        None => Ok(state),
    }
}

fn steps_of(doing: &[Doing]) -> String {
    let mut steps: Vec<&str> = doing.iter().map(|doing| doing.step.as_str()).collect();
    steps.sort_unstable();
    json(&steps)
}

/// The end of a hold that its holder did not report.
pub(super) const RELEASE: &str = r"
UPDATE job SET state = ?2, owner = NULL, seq = ?3, doing = '[]', run_at = ?4, crashes = ?5,
    crashed_at = ?6, has_begun = ?7, want = NULL, reason = ?8, ended = ?9
WHERE id = ?1";

fn store(tx: &WriteTx<'_>, job: &HeldJob, state: JobState) -> rusqlite::Result<()> {
    let is_stuck = state == JobState::Stuck;
    let reason = is_stuck.then(|| {
        let crashes = job.crashes;
        format!("its workers died {crashes} times in a row at the same steps")
    });
    let mut update = tx.conn.prepare_cached(RELEASE)?;
    update.execute(params![
        job.id.0,
        state.number(),
        job.seq,
        tx.now,
        job.crashes,
        job.crashed_at,
        job.has_begun,
        reason,
        is_stuck.then_some(tx.now),
    ])?;
    Ok(())
}

/// A job that nothing holds, as a request finds it.
#[derive(Debug)]
pub(super) struct JobAtRest {
    pub(super) id: JobId,
    pub(super) state: JobState,
    pub(super) fence: u64,
    pub(super) seq: u64,
    pub(super) has_begun: bool,
    links: JobLinks,
}

/// What is read of a job at rest, after its number.
macro_rules! at_rest_columns {
    () => {
        "state, fence, seq, has_begun, limit_key, batch, has_next"
    };
}
pub(super) use at_rest_columns;

/// The same as a text.
pub(super) const AT_REST: &str = at_rest_columns!();

/// Returns a job as a request finds it, held or not.
pub(super) fn at_rest(tx: &WriteTx<'_>, id: JobId) -> rusqlite::Result<Option<JobAtRest>> {
    let mut read = tx
        .conn
        .prepare_cached(&format!("SELECT id, {AT_REST} FROM job WHERE id = ?1"))?;
    read.query_row([id.0], JobAtRest::of_row).optional()
}

impl JobAtRest {
    /// Reads the number and the columns of [`AT_REST`].
    pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(JobAtRest {
            id: JobId(row.get(0)?),
            state: JobState::of_number(row.get(1)?).unwrap_or(JobState::Stuck),
            fence: row.get(2)?,
            seq: row.get(3)?,
            has_begun: row.get(4)?,
            links: JobLinks::of_row(row, 5)?,
        })
    }

    /// Writes down why the job has ended.
    pub(super) fn explain(&self, tx: &WriteTx<'_>, reason: &str) -> rusqlite::Result<()> {
        let mut update = tx
            .conn
            .prepare_cached("UPDATE job SET reason = ?2 WHERE id = ?1")?;
        update.execute(params![self.id.0, reason])?;
        Ok(())
    }

    /// Returns the state of a job that is to wait: behind its limit, unless it holds a place.
    fn waiting(&self) -> JobState {
        let has_place = limits::holds_place(self.state, self.has_begun);
        match self.links.limit_key {
            Some(_) if !has_place => JobState::Limited,
            _ => JobState::Waiting,
        }
    }

    /// Appends a request to the journal and sets the state that follows.
    pub(super) fn enter(
        &self,
        tx: &WriteTx<'_>,
        step: &str,
        outcome: EntryOutcome,
        state: JobState,
    ) -> Result<RequestAnswer, SqliteFailure> {
        let state = match state {
            JobState::Waiting => self.waiting(),
            state => state,
        };
        let entry = request_entry(self.seq + 1, self.fence, step, outcome, tx.now);
        insert_entry(tx.conn, self.id, &entry)?;
        let mut update = tx.conn.prepare_cached(
            "UPDATE job SET state = ?2, seq = seq + 1, ended = ?3, want = NULL,
                run_at = CASE WHEN ?2 < 2 THEN ?4 ELSE run_at END
             WHERE id = ?1",
        )?;
        let ended = state.is_over().then_some(tx.now);
        update.execute(params![self.id.0, state.number(), ended, tx.now])?;
        if state == JobState::Waiting {
            tx.ring();
        }
        self.links.moved(tx, self.id, self.state, state);
        Ok(RequestAnswer::Done(state))
    }

    /// Returns whether the journal ends with this request.
    fn ends_with(&self, tx: &WriteTx<'_>, outcome: EntryOutcome) -> rusqlite::Result<bool> {
        let mut read = tx.conn.prepare_cached(
            "SELECT phase = 'request' AND outcome = ?3 FROM journal WHERE job = ?1 AND seq = ?2",
        )?;
        let word = super::words::outcome_word(outcome);
        let found = read.query_row(params![self.id.0, self.seq, word], |row| row.get(0));
        Ok(found.optional()?.unwrap_or(false))
    }
}

/// Carries out a request to a job that waits or is paused, as the table of states has it.
pub(super) fn settle(
    tx: &WriteTx<'_>,
    id: JobId,
    request: PendingRequest,
) -> Result<RequestAnswer, SqliteFailure> {
    let Some(job) = at_rest(tx, id)? else {
        return Ok(RequestAnswer::Missing);
    };
    let outcome = match request {
        PendingRequest::Pause if job.state == JobState::Paused => {
            return Ok(RequestAnswer::AsBefore(job.state));
        }
        PendingRequest::Pause => return job.enter(tx, "", EntryOutcome::Pause, JobState::Paused),
        PendingRequest::StopNoRevert => {
            return job.enter(tx, "", EntryOutcome::StopNoRevert, JobState::Cancelled);
        }
        PendingRequest::Stop => EntryOutcome::Stop,
        PendingRequest::Kill => EntryOutcome::Kill,
    };
    if !job.has_begun {
        return job.enter(tx, "", outcome, JobState::Cancelled);
    }
    if matches!(job.state, JobState::Waiting | JobState::Limited) && job.ends_with(tx, outcome)? {
        return Ok(RequestAnswer::AsBefore(job.state));
    }
    // A worker claims it to revert.
    job.enter(tx, "", outcome, JobState::Waiting)
}
