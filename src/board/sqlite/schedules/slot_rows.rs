//! Slots: the look for those that have come, and their taking.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::schedule_rows::{exists, spec};
use crate::board::batch::BatchPost;
use crate::board::job_id::JobId;
use crate::board::post::PostReceipt;
use crate::board::schedule_slot::{
    DueSchedule, SET_BACK_MILLIS, ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking,
};
use crate::board::sqlite::batches::post_for_every_worker;
use crate::board::sqlite::posting::{PostRow, post};
use crate::board::sqlite::sqlite_failure::SqliteFailure;
use crate::board::sqlite::write_tx::WriteTx;

/// A slot that waits for the end of a job is not due.
pub(in crate::board::sqlite) const DUE: &str = "
SELECT name, project, version, spec, next, last_ended FROM schedule INDEXED BY schedule_next
WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL AND next <= ?1
    AND NOT (overlap = 'wait' AND EXISTS (
        SELECT 1 FROM job INDEXED BY job_schedule_open
        WHERE schedule = schedule.name AND schedule IS NOT NULL AND state < 4))
ORDER BY next LIMIT ?2";

/// The next slot of a clock that was far ahead.
pub(in crate::board::sqlite) const SET_BACK: &str = "
SELECT name, project, version, spec, next, last_ended FROM schedule INDEXED BY schedule_planned
WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL AND planned > ?1
ORDER BY planned LIMIT ?2";

pub(in crate::board::sqlite) const NEXT: &str = "
SELECT next FROM schedule INDEXED BY schedule_next
WHERE next IS NOT NULL AND paused IS NULL AND removed IS NULL AND next > ?1
ORDER BY next LIMIT 1";

const OPEN_JOB: &str = "
SELECT id FROM job INDEXED BY job_schedule_open
WHERE schedule = ?1 AND schedule IS NOT NULL AND state < 4 ORDER BY id LIMIT 1";

/// Looks for schedules whose slot has come.
pub(super) fn look(conn: &Connection, now: i64, at_most: u32) -> rusqlite::Result<ScheduleLook> {
    let mut due = Vec::new();
    let set_back = now.saturating_add(SET_BACK_MILLIS);
    for (sql, at) in [(DUE, now), (SET_BACK, set_back)] {
        let mut read = conn.prepare_cached(sql)?;
        let found = read.query_map(params![at, at_most], due_schedule)?;
        for found in found {
            due.push(found?);
        }
    }
    let mut next = conn.prepare_cached(NEXT)?;
    let mut news = conn.prepare_cached(
        "SELECT 1 FROM schedule INDEXED BY schedule_news WHERE has_news = 1
         UNION ALL
         SELECT 1 FROM schedule INDEXED BY schedule_late
         WHERE late_at IS NOT NULL AND late_at <= ?1",
    )?;
    Ok(ScheduleLook {
        due,
        next: next.query_row([now], |row| row.get(0)).optional()?,
        has_news: news.exists([now])?,
    })
}

fn due_schedule(row: &Row<'_>) -> rusqlite::Result<DueSchedule> {
    Ok(DueSchedule {
        name: row.get(0)?,
        project: row.get(1)?,
        version: row.get(2)?,
        spec: spec(&row.get::<_, String>(3)?),
        slot: row.get(4)?,
        last_ended: row.get(5)?,
    })
}

/// Takes a slot; `row` is what is posted, and for which slot.
pub(super) fn take(
    tx: &WriteTx<'_>,
    taking: &SlotTaking,
    row: Option<(i64, PostRow)>,
) -> Result<SlotAnswer, SqliteFailure> {
    let Some(overlap) = current(tx, taking)? else {
        return lost(tx, row);
    };
    let in_the_way = match (&row, overlap.as_str()) {
        (None, _) | (_, "allow") => None,
        _ => open_job(tx, &taking.name)?,
    };
    match (row, in_the_way) {
        (_, Some(job)) if overlap == "wait" => Ok(SlotAnswer::Held(job)),
        (_, Some(job)) => {
            move_on(tx, taking)?;
            count(tx, &taking.name, "skipped = skipped + 1")?;
            Ok(SlotAnswer::Skipped(job))
        }
        (None, None) => {
            move_on(tx, taking)?;
            Ok(SlotAnswer::PassedOver)
        }
        (Some((slot, row)), None) => {
            move_on(tx, taking)?;
            let receipt = post_all(tx, &taking.name, Some(slot), &row, taking.every_worker)?;
            let Some(receipt) = receipt else {
                count(tx, &taking.name, "missed = missed + 1")?;
                return Ok(SlotAnswer::PassedOver);
            };
            if receipt.is_new {
                posted(tx, &taking.name, receipt.id, slot)?;
            }
            Ok(SlotAnswer::Posted(receipt))
        }
    }
}

/// Returns the rule for overlaps, if the schedule is as it was looked at.
fn current(tx: &WriteTx<'_>, taking: &SlotTaking) -> rusqlite::Result<Option<String>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT overlap FROM schedule
         WHERE name = ?1 AND version = ?2 AND next = ?3 AND paused IS NULL AND removed IS NULL",
    )?;
    let values = params![taking.name, taking.version, taking.due];
    read.query_row(values, |row| row.get(0)).optional()
}

/// Distinguishes a slot that this very request has taken before, whose answer was lost.
fn lost(tx: &WriteTx<'_>, row: Option<(i64, PostRow)>) -> Result<SlotAnswer, SqliteFailure> {
    let Some((_, row)) = row else {
        return Ok(SlotAnswer::Lost);
    };
    let mut read = tx.conn.prepare_cached(
        "SELECT min(id) FROM job WHERE posting = ?1
                OR batch = (SELECT id FROM batch WHERE posting = ?1)",
    )?;
    let id: Option<u64> = read.query_row([row.posting()], |row| row.get(0))?;
    Ok(id.map_or(SlotAnswer::Lost, |id| {
        SlotAnswer::Posted(PostReceipt {
            id: JobId(id),
            is_new: false,
        })
    }))
}

fn open_job(tx: &WriteTx<'_>, name: &str) -> rusqlite::Result<Option<JobId>> {
    let mut read = tx.conn.prepare_cached(OPEN_JOB)?;
    let id = read.query_row([name], |row| row.get(0)).optional()?;
    Ok(id.map(JobId))
}

fn move_on(tx: &WriteTx<'_>, taking: &SlotTaking) -> rusqlite::Result<()> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE schedule SET next = ?2, planned = ?3, missed = missed + ?4
         WHERE name = ?1 AND next = ?5",
    )?;
    let values = params![taking.name, taking.next, tx.now, taking.missed, taking.due];
    update.execute(values)?;
    Ok(())
}

fn count(tx: &WriteTx<'_>, name: &str, change: &str) -> rusqlite::Result<()> {
    let mut update = tx
        .conn
        .prepare_cached(&format!("UPDATE schedule SET {change} WHERE name = ?1"))?;
    update.execute([name])?;
    Ok(())
}

/// Posts the job of a schedule, or one for each live worker that can do it: the answer names the
/// first. `None`: there is no such worker.
fn post_all(
    tx: &WriteTx<'_>,
    name: &str,
    slot: Option<i64>,
    row: &PostRow,
    every_worker: bool,
) -> Result<Option<PostReceipt>, SqliteFailure> {
    if !every_worker {
        let receipt = post(tx, row)?;
        if receipt.is_new {
            let one = "UPDATE job SET schedule = ?2, slot = ?3 WHERE id = ?1";
            let mut update = tx.conn.prepare_cached(one)?;
            update.execute(params![receipt.id.0, name, slot])?;
        }
        return Ok(Some(receipt));
    }
    let post = row.as_post();
    let batch = BatchPost {
        posting: post.posting.clone(),
        name: post.definition.clone(),
        then: post.then.clone(),
        posted_by: post.posted_by.clone(),
        every_worker: true,
        ..BatchPost::default()
    };
    let batch = post_for_every_worker(tx, &batch, post)?.id.0;
    let members = "UPDATE job SET schedule = ?2, slot = ?3 WHERE batch = ?1";
    tx.conn
        .prepare_cached(members)?
        .execute(params![batch, name, slot])?;
    let mut first = tx
        .conn
        .prepare_cached("SELECT min(id) FROM job WHERE batch = ?1")?;
    let first: Option<u64> = first.query_row([batch], |row| row.get(0))?;
    Ok(first.map(|id| PostReceipt {
        id: JobId(id),
        is_new: true,
    }))
}

fn posted(tx: &WriteTx<'_>, name: &str, job: JobId, slot: i64) -> rusqlite::Result<()> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE schedule SET posted = posted + 1, last_slot = ?2,
            late_job = CASE WHEN late_at IS NULL THEN ?3 ELSE late_job END,
            late_slot = CASE WHEN late_at IS NULL THEN ?2 ELSE late_slot END,
            late_at = coalesce(late_at, ?4 + late_after)
         WHERE name = ?1",
    )?;
    update.execute(params![name, slot, job.0, slot.max(tx.now)])?;
    Ok(())
}

/// Posts a job of a schedule by hand.
pub(super) fn run(
    tx: &WriteTx<'_>,
    name: &str,
    row: &PostRow,
    every_worker: bool,
) -> Result<Option<PostReceipt>, SqliteFailure> {
    if !exists(tx.conn, name)? {
        return Ok(None);
    }
    post_all(tx, name, None, row, every_worker)
}

/// Returns what is to be mailed, and takes note that it is.
pub(super) fn news(tx: &WriteTx<'_>) -> rusqlite::Result<Vec<ScheduleNews>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT name, failures FROM schedule INDEXED BY schedule_news WHERE has_news = 1",
    )?;
    let paused = read.query_map([], |row| {
        Ok(ScheduleNews::Paused {
            name: row.get(0)?,
            failures: row.get(1)?,
        })
    })?;
    let mut news: Vec<ScheduleNews> = paused.collect::<rusqlite::Result<_>>()?;
    let mut read = tx.conn.prepare_cached(
        "SELECT name, late_job, late_slot, EXISTS (
            SELECT 1 FROM job WHERE id = late_job AND state IN (0, 1, 3) AND has_begun = 0)
         FROM schedule INDEXED BY schedule_late
         WHERE late_at IS NOT NULL AND late_at <= ?1",
    )?;
    let late = read.query_map([tx.now], |row| {
        let name = row.get(0)?;
        Ok(match row.get(3)? {
            true => ScheduleNews::Late {
                name,
                job: JobId(row.get(1)?),
                slot: row.get(2)?,
            },
            false => ScheduleNews::InTime { name },
        })
    })?;
    for piece in late {
        news.push(piece?);
    }
    let mut reported = tx
        .conn
        .prepare_cached("UPDATE schedule SET has_news = 0 WHERE has_news = 1")?;
    reported.execute([])?;
    let mut reported = tx.conn.prepare_cached(
        "UPDATE schedule SET late_at = NULL WHERE late_at IS NOT NULL AND late_at <= ?1",
    )?;
    reported.execute([tx.now])?;
    Ok(news)
}
