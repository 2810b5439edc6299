//! How sessions lose jobs, and end: give-back, leave, reap.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::alerts::alert_lock::note_lost_worker;
use super::releases::{self, Leaving, held, release};
use super::sessions::{claimer, count_stale, identity_of};
use super::sqlite_failure::SqliteFailure;
use super::write_tx::WriteTx;
use crate::board::advance::{GiveBack, LeftoverFate, TransitionVerdict};
use crate::board::board_error::BoardError;
use crate::board::host_identity::HostIdentity;
use crate::board::job_id::SessionId;
use crate::board::job_state::JobState;
use crate::board::reap::lease_end;
use crate::board::reap::{IDLE_LEASE, Reap, ReapAnswer};

/// Takes jobs back that a session gives back.
pub(super) fn give_back(
    tx: &WriteTx<'_>,
    session: SessionId,
    jobs: &[GiveBack],
) -> Result<Vec<TransitionVerdict>, SqliteFailure> {
    let name = claimer(tx.conn, session)?.name;
    let mut verdicts = Vec::with_capacity(jobs.len());
    for give_back in jobs {
        let at = give_back.position;
        let held = held(tx, session.0)?;
        let job = held.into_iter().find(|job| job.id == at.id);
        let job = job.filter(|job| job.fence == at.fence && job.seq == at.seq);
        let Some(job) = job else {
            verdicts.push(TransitionVerdict::Stale);
            continue;
        };
        let leaving = match give_back.fate {
            LeftoverFate::NeverStarted => Leaving::NeverStarted,
            LeftoverFate::Interrupted => Leaving::Interrupted,
        };
        release(tx, job, &name, leaving)?;
        verdicts.push(TransitionVerdict::Accepted);
    }
    let stale = verdicts
        .iter()
        .filter(|verdict| **verdict == TransitionVerdict::Stale);
    count_stale(tx, session, stale.count())?;
    Ok(verdicts)
}

/// Ends a session; what it holds is given back.
pub(super) fn leave(tx: &WriteTx<'_>, session: SessionId) -> Result<(), SqliteFailure> {
    let name = match claimer(tx.conn, session) {
        Ok(claimer) => claimer.name,
        Err(SqliteFailure::Board(BoardError::SessionOver(_))) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    for job in held(tx, session.0)? {
        release(tx, job, &name, Leaving::Interrupted)?;
    }
    end(tx, session)
}

fn end(tx: &WriteTx<'_>, session: SessionId) -> Result<(), SqliteFailure> {
    let update = "UPDATE session SET left = ?2 WHERE id = ?1";
    tx.conn.execute(update, params![session.0, tx.now])?;
    let forget = "DELETE FROM session_definition WHERE session = ?1";
    tx.conn.execute(forget, [session.0])?;
    Ok(())
}

struct Suspect {
    name: String,
    beat: u64,
    identity: HostIdentity,
}

fn suspect(tx: &WriteTx<'_>, session: SessionId) -> rusqlite::Result<Option<Suspect>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT name, beat, host, uid, boot_id, pid_namespace, time_namespace, pid, start_ticks
         FROM session WHERE id = ?1 AND left IS NULL",
    )?;
    let found = read.query_row([session.0], |row| {
        Ok(Suspect {
            name: row.get(0)?,
            beat: row.get(1)?,
            identity: identity_of(row, 2)?,
        })
    });
    found.optional()
}

/// Takes the jobs of a session whose counter stands where the observer saw it.
pub(super) fn reap(tx: &WriteTx<'_>, reap: &Reap) -> Result<ReapAnswer, SqliteFailure> {
    let Some(suspect) = suspect(tx, reap.session)? else {
        return Ok(ReapAnswer::Gone);
    };
    if suspect.beat != reap.beat {
        return Ok(ReapAnswer::Alive(suspect.beat));
    }
    let holds = held(tx, reap.session.0)?;
    if holds.is_empty() && reap.stood_for < lease_end(IDLE_LEASE) {
        return Ok(ReapAnswer::Alive(suspect.beat));
    }
    let is_over = |job: &releases::HeldJob| {
        let lease = Duration::from_millis(u64::try_from(job.lease).unwrap_or(0));
        reap.stood_for >= lease_end(lease)
    };
    let (dead, kept): (Vec<_>, Vec<_>) = holds.into_iter().partition(is_over);
    take(tx, reap.session, &suspect.name, dead, kept.len() as u64)
}

/// Takes all jobs of a session that was seen dead on the host of the caller.
pub(super) fn reap_dead(
    tx: &WriteTx<'_>,
    session: SessionId,
    here: &HostIdentity,
) -> Result<ReapAnswer, SqliteFailure> {
    let Some(suspect) = suspect(tx, session)? else {
        return Ok(ReapAnswer::Gone);
    };
    if !suspect.identity.shares_host_with(here) {
        return Ok(ReapAnswer::Alive(suspect.beat));
    }
    let dead = held(tx, session.0)?;
    take(tx, session, &suspect.name, dead, 0)
}

fn take(
    tx: &WriteTx<'_>,
    session: SessionId,
    name: &str,
    dead: Vec<releases::HeldJob>,
    kept: u64,
) -> Result<ReapAnswer, SqliteFailure> {
    note_lost_worker(tx, session, dead.len())?;
    let (mut released, mut stuck, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for job in dead {
        let id = job.id;
        match release(tx, job, name, Leaving::Crash)? {
            JobState::Waiting => released.push(id),
            JobState::Stuck => stuck.push(id),
            _ => settled.push(id),
        }
    }
    if kept == 0 {
        end(tx, session)?;
    }
    Ok(ReapAnswer::Reaped {
        released,
        stuck,
        settled,
        kept,
    })
}
