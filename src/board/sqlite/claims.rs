//! The look for work: lanes of what waits.

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::board_epoch;
use super::claim_rows::{ClaimRaw, LaneRow};
use super::claim_statements::{
    FIND_FIRST, FIND_FIRST_MANUAL, FIND_IN_LANE, FIND_MANUAL, FIND_ONE, FIND_ONE_MANUAL, OPEN_LANE,
    TAKE,
};
use super::expiries::{FIRST_EXPIRING, FIRST_LIMITED_EXPIRING, end_expired};
use super::journal_rows::journal;
use super::sqlite_failure::SqliteFailure;
use super::words::json;
use super::write_tx::WriteTx;
use super::{batches, follow_ups, limits, pauses};
use crate::board::board_error::BoardError;
use crate::board::job_id::{JobId, SessionId};
use crate::board::post::PRIORITIES;
use crate::flow::journal::Doing;

/// Above the bits of a fence that count claims stands the epoch.
pub(super) const EPOCH_SHIFT: u32 = 40;
/// Between two looks for work of an idle worker.
const LOOK_MILLIS: i64 = 1000;

/// The session that looks.
#[derive(Debug)]
pub(super) struct Claimer {
    pub(super) session: SessionId,
    pub(super) name: String,
    pub(super) host: String,
}

/// What a look has brought.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) jobs: Vec<ClaimRaw>,
    pub(super) next_due: Option<i64>,
}

/// A lane, with the order of the shape that the session has entered.
#[derive(Debug)]
pub(super) struct KnownLane {
    row: LaneRow,
    order: i64,
    is_paused: bool,
}

/// A look for work in progress.
struct Look<'a> {
    conn: &'a Connection,
    now: i64,
    claimer: &'a Claimer,
    quoted_name: String,
    least_fence: u64,
}

/// Claims jobs: classes of priority in order, lanes of a class in the order of the wish.
pub(super) fn claim(
    tx: &WriteTx<'_>,
    claimer: &Claimer,
    lanes: &[KnownLane],
    at_most: usize,
    only: &[JobId],
) -> Result<Claims, SqliteFailure> {
    end_expired(tx)?;
    batches::end_early(tx)?;
    limits::note_due(tx)?;
    follow_ups::carry_out(tx)?;
    let mut claims = Claims::default();
    if lanes.is_empty() {
        return Ok(claims);
    }
    let epoch = board_epoch::epoch(tx)?;
    if epoch.is_barred {
        return Ok(claims);
    }
    let open = open_lanes(tx.conn, lanes)?;
    let look = Look {
        conn: tx.conn,
        now: tx.now,
        claimer,
        quoted_name: json(&claimer.name),
        least_fence: epoch.epoch << EPOCH_SHIFT,
    };
    for priority in PRIORITIES.rev() {
        for lane in &open {
            let room = at_most.saturating_sub(claims.jobs.len());
            if room == 0 {
                break;
            }
            let found = match only.is_empty() {
                true => look.lane(lane, priority, room)?,
                false => look.only(lane, priority, only, room)?,
            };
            claims.jobs.extend(found);
        }
    }
    claims.next_due = look.next_due(&open, lanes)?;
    Ok(claims)
}

/// Returns jobs that a claim would bring, in its order. Writes nothing.
pub(super) fn peek(
    conn: &Connection,
    now: i64,
    claimer: &Claimer,
    lanes: Vec<LaneRow>,
    at_most: usize,
) -> Result<Vec<JobId>, SqliteFailure> {
    let lanes = known_lanes(conn, claimer.session, lanes)?;
    let lanes = open_lanes(conn, &lanes)?;
    let look = Look::to_read(conn, now, claimer);
    let mut found = Vec::new();
    for priority in PRIORITIES.rev() {
        for lane in &lanes {
            let room = at_most.saturating_sub(found.len());
            let jobs = look.found(lane.find_in_lane(), lane, priority, &room)?;
            found.extend(jobs.iter().map(|job| job.position.id));
        }
    }
    Ok(found)
}

/// Returns when the next job of these lanes is due. Writes nothing.
pub(super) fn due(
    conn: &Connection,
    now: i64,
    claimer: &Claimer,
    lanes: Vec<LaneRow>,
) -> Result<Option<i64>, SqliteFailure> {
    let lanes = known_lanes(conn, claimer.session, lanes)?;
    let open = open_lanes(conn, &lanes)?;
    let due = Look::to_read(conn, now, claimer).next_due(&open, &lanes)?;
    let is_barred = conn.query_row("SELECT hold > 0 FROM board", [], |row| row.get(0))?;
    // The beat of a session ends the hold.
    Ok(match is_barred {
        true => due.map(|due| due.max(now + LOOK_MILLIS)),
        false => due,
    })
}

/// Returns the lanes of a wish with the order of the shapes that the session has entered.
///
/// # Errors
///
/// When the session has not entered a definition.
pub(super) fn known_lanes(
    conn: &Connection,
    session: SessionId,
    lanes: Vec<LaneRow>,
) -> Result<Vec<KnownLane>, SqliteFailure> {
    let mut read = conn.prepare_cached(
        "SELECT definition FROM session_definition WHERE session = ?1 AND name = ?2",
    )?;
    let are_pauses = pauses::are_there(conn)?;
    let mut known = Vec::with_capacity(lanes.len());
    for row in lanes {
        let order = read.query_row(params![session.0, row.definition], |found| found.get(0));
        let Some(order) = order.optional()? else {
            let why = format!("session {session} has not entered `{}`", row.definition);
            return Err(BoardError::Malformed(why).into());
        };
        let is_paused = are_pauses && !pauses::of_definition(conn, &row.definition)?.is_empty();
        known.push(KnownLane {
            row,
            order,
            is_paused,
        });
    }
    Ok(known)
}

/// Returns the lanes in which something waits at all.
fn open_lanes<'a>(
    conn: &Connection,
    lanes: &'a [KnownLane],
) -> rusqlite::Result<Vec<&'a KnownLane>> {
    let mut read = conn.prepare_cached(OPEN_LANE)?;
    let mut open = Vec::new();
    for lane in lanes {
        if read.exists([&lane.row.definition])? {
            open.push(lane);
        }
    }
    Ok(open)
}

impl KnownLane {
    fn find_in_lane(&self) -> &'static str {
        match self.is_paused {
            true => FIND_MANUAL,
            false => FIND_IN_LANE,
        }
    }

    fn find_first(&self) -> &'static str {
        match self.is_paused {
            true => FIND_FIRST_MANUAL,
            false => FIND_FIRST,
        }
    }

    fn find_one(&self) -> &'static str {
        match self.is_paused {
            true => FIND_ONE_MANUAL,
            false => FIND_ONE,
        }
    }
}

impl<'a> Look<'a> {
    fn to_read(conn: &'a Connection, now: i64, claimer: &'a Claimer) -> Self {
        Look {
            conn,
            now,
            claimer,
            quoted_name: json(&claimer.name),
            least_fence: 0,
        }
    }

    fn lane(&self, lane: &KnownLane, priority: i8, room: usize) -> rusqlite::Result<Vec<ClaimRaw>> {
        let found = self.found(lane.find_in_lane(), lane, priority, &room)?;
        found.into_iter().map(|job| self.take(lane, job)).collect()
    }

    fn only(
        &self,
        lane: &KnownLane,
        priority: i8,
        only: &[JobId],
        room: usize,
    ) -> rusqlite::Result<Vec<ClaimRaw>> {
        let mut claimed = Vec::new();
        for id in only {
            if claimed.len() < room {
                let found = self.found(lane.find_one(), lane, priority, &id.0)?;
                for job in found {
                    claimed.push(self.take(lane, job)?);
                }
            }
        }
        Ok(claimed)
    }

    fn found(
        &self,
        sql: &str,
        lane: &KnownLane,
        priority: i8,
        last: &dyn ToSql,
    ) -> rusqlite::Result<Vec<ClaimRaw>> {
        let mut find = self.conn.prepare_cached(sql)?;
        let values = params![
            lane.row.definition,
            priority,
            self.now,
            lane.order,
            self.claimer.host,
            self.quoted_name,
            last,
            self.claimer.name,
        ];
        find.query_map(values, ClaimRaw::of_row)?.collect()
    }

    fn take(&self, lane: &KnownLane, found: ClaimRaw) -> rusqlite::Result<ClaimRaw> {
        let mut job = found;
        let is_fresh = job.position.seq == 0;
        job.position.fence = job.position.fence.max(self.least_fence) + 1;
        let limit = lane.row.time_limit;
        job.ends_by = job
            .ends_by
            .or(limit.map(|limit| self.now.saturating_add(limit)));
        if is_fresh {
            let now = self.now;
            let first = lane.row.first.iter().cloned();
            job.doing = first
                .map(|doing| Doing {
                    since: now,
                    ..doing
                })
                .collect();
        } else {
            job.journal = journal(self.conn, job.position.id)?;
        }
        let mut take = self.conn.prepare_cached(TAKE)?;
        take.execute(params![
            job.position.id.0,
            self.claimer.session.0,
            job.position.fence,
            json(&job.doing),
            is_fresh && lane.row.has_begun,
            lane.row.lease,
            lane.row.max_crashes,
            lane.row.is_bound,
            lane.order,
            self.claimer.host,
            job.ends_by,
        ])?;
        Ok(job)
    }

    /// Returns when the next job is due, or something is to be done for those that wait: admitted,
    /// or cancelled because it has expired. `open` are the lanes in which something waits.
    fn next_due(&self, open: &[&KnownLane], all: &[KnownLane]) -> rusqlite::Result<Option<i64>> {
        let mut next = self.next_change(all)?;
        for priority in PRIORITIES.rev() {
            for lane in open {
                if next.is_some_and(|next| next <= self.now) {
                    return Ok(next);
                }
                let first = self.found(lane.find_first(), lane, priority, &1)?;
                let run_at = first.first().map(|job| job.run_at);
                next = [next, run_at].into_iter().flatten().min();
            }
        }
        Ok(next)
    }

    fn next_change(&self, lanes: &[KnownLane]) -> rusqlite::Result<Option<i64>> {
        let mut next: Option<i64> = None;
        let mut first = self.conn.prepare_cached(limits::FIRST_DUE_KEY)?;
        for lane in lanes {
            let due = first.query_row([&lane.row.definition], |row| row.get(0))?;
            next = [next, due].into_iter().flatten().min();
        }
        for sql in [FIRST_EXPIRING, FIRST_LIMITED_EXPIRING] {
            let mut first = self.conn.prepare_cached(sql)?;
            let due = first.query_row([], |row| row.get(0)).optional()?;
            next = [next, due].into_iter().flatten().min();
        }
        let mut ending = self.conn.prepare_cached(batches::ENDING)?;
        Ok(match ending.exists([])? {
            true => Some(self.now),
            false => next,
        })
    }
}
