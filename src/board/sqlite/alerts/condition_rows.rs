//! What did not happen, as it is now.

use rusqlite::{Connection, OptionalExtension, params};

use crate::board::alert_conditions::{
    AlertConditions, FailedSchedule, LateJob, LostWorker, OverdueJob, StuckJob,
};
use crate::board::job_id::JobId;
use crate::board::post::PRIORITIES;

/// For how long a worker that was not heard from is missed.
const MISSED_FOR: i64 = 7 * 86_400_000;

/// The jobs of schedules that have not begun in time.
pub(in crate::board::sqlite) const LATE: &str = "
SELECT job.schedule, min(job.id), job.slot
FROM job INDEXED BY job_schedule_open JOIN schedule ON schedule.name = job.schedule
WHERE job.schedule IS NOT NULL AND job.state < 4 AND job.state <> 2 AND job.has_begun = 0
    AND job.slot IS NOT NULL AND schedule.late_after IS NOT NULL
    AND max(job.slot, job.posted) + schedule.late_after <= ?1
GROUP BY job.schedule";

/// The schedules that failures have paused.
pub(in crate::board::sqlite) const PAUSED: &str = "
SELECT name, failures, paused FROM schedule
WHERE paused IS NOT NULL AND paused_by IS NULL AND removed IS NULL";

/// The oldest waiting job of a definition and a priority.
pub(in crate::board::sqlite) const OVERDUE: &str = "
SELECT id, run_at FROM job INDEXED BY job_lane
WHERE state = 0 AND definition = ?1 AND priority = ?2 AND run_at <= ?3
ORDER BY run_at, id LIMIT 1";

/// The oldest job of a definition behind a limit.
pub(in crate::board::sqlite) const OVERDUE_LIMITED: &str = "
SELECT id, run_at FROM job INDEXED BY job_other_end
WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = 1 AND definition = ?1 AND run_at <= ?2
ORDER BY run_at, id LIMIT 1";

/// The jobs that need a person.
pub(in crate::board::sqlite) const STUCK: &str = "
SELECT definition, id, coalesce(ended, posted), reason FROM job INDEXED BY job_other_end
WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = 8 LIMIT 500";

/// The workers that were not heard from and have not come back.
pub(in crate::board::sqlite) const LOST: &str = "
SELECT name, host, left, lost_jobs FROM session AS lost INDEXED BY session_lost
WHERE lost_jobs > 0 AND left > ?1 AND NOT EXISTS (
    SELECT 1 FROM session AS later WHERE later.name = lost.name AND later.id > lost.id)";

/// Looks for what did not happen.
pub(super) fn look(conn: &Connection, now: i64) -> rusqlite::Result<AlertConditions> {
    let mut late = conn.prepare_cached(LATE)?;
    let late = late.query_map([now], |row| {
        Ok(LateJob {
            schedule: row.get(0)?,
            job: JobId(row.get(1)?),
            slot: row.get(2)?,
        })
    })?;
    let mut paused = conn.prepare_cached(PAUSED)?;
    let paused = paused.query_map([], |row| {
        Ok(FailedSchedule {
            schedule: row.get(0)?,
            failures: row.get(1)?,
            since: row.get(2)?,
        })
    })?;
    let mut stuck = conn.prepare_cached(STUCK)?;
    let stuck = stuck.query_map([], |row| {
        Ok(StuckJob {
            definition: row.get(0)?,
            job: JobId(row.get(1)?),
            since: row.get(2)?,
            reason: row.get(3)?,
        })
    })?;
    let mut lost = conn.prepare_cached(LOST)?;
    let lost = lost.query_map([now.saturating_sub(MISSED_FOR)], |row| {
        Ok(LostWorker {
            name: row.get(0)?,
            host: row.get(1)?,
            since: row.get(2)?,
            jobs: row.get(3)?,
        })
    })?;
    Ok(AlertConditions {
        late: late.collect::<rusqlite::Result<_>>()?,
        paused: paused.collect::<rusqlite::Result<_>>()?,
        stuck: stuck.collect::<rusqlite::Result<_>>()?,
        lost: lost.collect::<rusqlite::Result<_>>()?,
        waiting: overdue(conn, now)?,
    })
}

/// Returns the oldest job of each definition that has waited for longer than the newest shape of
/// the definition allows.
fn overdue(conn: &Connection, now: i64) -> rusqlite::Result<Vec<OverdueJob>> {
    let mut limits = conn.prepare_cached(
        "SELECT name, json_extract(schema, '$.waiting_for_at_most_ms') FROM definition AS outer
         WHERE id = (SELECT max(id) FROM definition AS inner WHERE inner.name = outer.name)
            AND json_extract(schema, '$.waiting_for_at_most_ms') IS NOT NULL",
    )?;
    let limits = limits.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let limits: Vec<(String, i64)> = limits.collect::<rusqlite::Result<_>>()?;
    let mut overdue = Vec::new();
    for (definition, at_most) in limits {
        let oldest = oldest_waiting(conn, &definition, now.saturating_sub(at_most))?;
        overdue.extend(oldest.map(|(job, since)| OverdueJob {
            definition,
            job,
            since,
            at_most,
        }));
    }
    Ok(overdue)
}

fn oldest_waiting(
    conn: &Connection,
    definition: &str,
    before: i64,
) -> rusqlite::Result<Option<(JobId, i64)>> {
    let of_row = |row: &rusqlite::Row<'_>| Ok((JobId(row.get(0)?), row.get::<_, i64>(1)?));
    let mut found = Vec::new();
    let mut waiting = conn.prepare_cached(OVERDUE)?;
    for priority in PRIORITIES {
        let values = params![definition, priority, before];
        found.extend(waiting.query_row(values, of_row).optional()?);
    }
    let mut limited = conn.prepare_cached(OVERDUE_LIMITED)?;
    let values = params![definition, before];
    found.extend(limited.query_row(values, of_row).optional()?);
    Ok(found.into_iter().min_by_key(|(job, since)| (*since, *job)))
}
