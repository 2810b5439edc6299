//! The look for work: lanes of what waits.

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::board_epoch;
use super::claim_rows::{ClaimRaw, LaneRow};
use super::journal_rows::{insert_entry, journal, request_entry};
use super::sqlite_failure::SqliteFailure;
use super::words::json;
use super::write_tx::WriteTx;
use crate::board::board_error::BoardError;
use crate::board::job_id::{JobId, SessionId};
use crate::board::post::PRIORITIES;
use crate::flow::journal::{Doing, EntryOutcome};

/// Above the bits of a fence that count claims stands the epoch.
pub(super) const EPOCH_SHIFT: u32 = 40;
/// How many expired jobs a look ends at most.
const MOST_EXPIRED: usize = 50;
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
    let mut claims = Claims::default();
    if lanes.is_empty() {
        return Ok(claims);
    }
    let epoch = board_epoch::epoch(tx)?;
    if epoch.is_barred {
        return Ok(claims);
    }
    let lanes = open_lanes(tx.conn, lanes)?;
    let look = Look {
        conn: tx.conn,
        now: tx.now,
        claimer,
        quoted_name: json(&claimer.name),
        least_fence: epoch.epoch << EPOCH_SHIFT,
    };
    for priority in PRIORITIES.rev() {
        for lane in &lanes {
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
    claims.next_due = look.next_due(&lanes)?;
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
            let jobs = look.found(FIND_IN_LANE, lane, priority, &room)?;
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
    let lanes = open_lanes(conn, &lanes)?;
    let due = Look::to_read(conn, now, claimer).next_due(&lanes)?;
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
    let mut known = Vec::with_capacity(lanes.len());
    for row in lanes {
        let order = read.query_row(params![session.0, row.definition], |found| found.get(0));
        let Some(order) = order.optional()? else {
            let why = format!("session {session} has not entered `{}`", row.definition);
            return Err(BoardError::Malformed(why).into());
        };
        known.push(KnownLane { row, order });
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

/// Whether anything waits in a lane.
pub(super) const OPEN_LANE: &str =
    "SELECT 1 FROM job INDEXED BY job_lane WHERE state = 0 AND definition = ?1 LIMIT 1";

macro_rules! find {
    ($from:literal, $due:literal, $order:literal) => {
        concat!(
            "SELECT id, fence, seq, args, run_at, crashes, avoid, last_host, key, project,
                posted_by, posted, definition, priority
            FROM job ",
            $from,
            " AND definition = ?1 AND priority = ?2 ",
            $due,
            " AND (seq = 0 AND has_begun = 0 OR shape_order <= ?4)
                AND (seq = 0 AND has_begun = 0 OR is_bound = 0 OR last_host = ?5)
                AND (avoid IS NULL OR instr(avoid, ?6) = 0) ",
            $order
        )
    };
}

/// The jobs of a lane that are due, in the order of claims.
pub(super) const FIND_IN_LANE: &str = find!(
    "INDEXED BY job_lane WHERE state = 0",
    "AND run_at <= ?3",
    "ORDER BY run_at, id LIMIT ?7"
);
/// The first job of a lane, due or not.
pub(super) const FIND_FIRST: &str = find!(
    "INDEXED BY job_lane WHERE state = 0",
    "AND ?3 IS NOT NULL",
    "ORDER BY run_at, id LIMIT ?7"
);
/// A job by its number, as if its lane had brought it.
pub(super) const FIND_ONE: &str = find!("WHERE id = ?7 AND state + 0 = 0", "AND run_at <= ?3", "");

/// The claim of a job that was found in the same transaction.
pub(super) const TAKE: &str = r"
UPDATE job SET state = 2, owner = ?2, fence = ?3, doing = ?4, has_begun = max(has_begun, ?5),
    lease = ?6, max_crashes = ?7, is_bound = ?8, shape_order = ?9, last_host = ?10
WHERE id = ?1";

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
        let found = self.found(FIND_IN_LANE, lane, priority, &room)?;
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
                let found = self.found(FIND_ONE, lane, priority, &id.0)?;
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
        ];
        find.query_map(values, ClaimRaw::of_row)?.collect()
    }

    fn take(&self, lane: &KnownLane, found: ClaimRaw) -> rusqlite::Result<ClaimRaw> {
        let mut job = found;
        let is_fresh = job.position.seq == 0;
        job.position.fence = job.position.fence.max(self.least_fence) + 1;
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
        ])?;
        Ok(job)
    }

    /// Returns when the next job is due.
    fn next_due(&self, lanes: &[&KnownLane]) -> rusqlite::Result<Option<i64>> {
        let mut next: Option<i64> = None;
        for priority in PRIORITIES.rev() {
            for lane in lanes {
                if next.is_some_and(|next| next <= self.now) {
                    return Ok(next);
                }
                let first = self.found(FIND_FIRST, lane, priority, &1)?;
                let run_at = first.first().map(|job| job.run_at);
                next = [next, run_at].into_iter().flatten().min();
            }
        }
        Ok(next)
    }
}

/// Ends jobs that had not begun when they expired.
fn end_expired(tx: &WriteTx<'_>) -> rusqlite::Result<()> {
    let mut read = tx.conn.prepare_cached(EXPIRED)?;
    let rows = read.query_map(params![tx.now, MOST_EXPIRED], |row| {
        Ok((JobId(row.get(0)?), row.get(1)?, row.get(2)?))
    })?;
    let expired: Vec<(JobId, u64, u64)> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, fence, seq) in expired {
        let entry = request_entry(seq + 1, fence, "", EntryOutcome::StopNoRevert, tx.now);
        insert_entry(tx.conn, id, &entry)?;
        tx.conn.execute(
            "UPDATE job SET state = 7, seq = seq + 1, ended = ?2, reason = 'expired'
             WHERE id = ?1",
            params![id.0, tx.now],
        )?;
    }
    Ok(())
}

/// The jobs that have not begun by the time that was set.
pub(super) const EXPIRED: &str = r"
SELECT id, fence, seq FROM job INDEXED BY job_expiring
WHERE expires IS NOT NULL AND state = 0 AND has_begun = 0 AND expires <= ?1 LIMIT ?2";
