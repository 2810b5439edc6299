//! The transitions of an advance: what happened to jobs, guarded by session, fence and seq.

use rusqlite::{OptionalExtension, params};

use super::job_links::{JobLinks, link_columns};
use super::journal_rows::{JournalRow, insert_entry};
use super::releases;
use super::sqlite_failure::SqliteFailure;
use super::words::{json, of_word, pending_word};
use super::write_tx::WriteTx;
use crate::board::advance::{Transition, TransitionVerdict};
use crate::board::beat::JobPosition;
use crate::board::board_error::BoardError;
use crate::board::job_id::SessionId;
use crate::board::job_request::PendingRequest;
use crate::board::job_state::JobState;
use crate::board::transition_facts::TransitionFacts;
use crate::flow::journal::Doing;

/// A transition as the writer needs it: checked, and its values turned into text by the caller's
/// thread.
#[derive(Debug)]
pub(super) struct TransitionRow {
    before: JobPosition,
    seq: u64,
    entries: Vec<JournalRow>,
    doing: Vec<Doing>,
    doing_text: String,
    state: JobState,
    run_at: i64,
    result: Option<String>,
    reason: Option<String>,
    avoid: Option<String>,
    has_begun: bool,
    recorded: Option<&'static str>,
    ended_steps: String,
}

impl TransitionRow {
    /// Checks a transition and turns it into a row.
    ///
    /// # Errors
    ///
    /// [`BoardError::Malformed`].
    pub(super) fn of(transition: &Transition) -> Result<Self, BoardError> {
        let facts = TransitionFacts::of(transition)?;
        let entries = &transition.entries;
        Ok(TransitionRow {
            before: transition.before,
            seq: transition.after().seq,
            entries: entries.iter().map(JournalRow::of).collect(),
            doing_text: json(&transition.doing),
            doing: transition.doing.clone(),
            state: transition.state,
            run_at: transition.run_at,
            result: transition.result.as_ref().map(ToString::to_string),
            reason: transition.reason.clone(),
            avoid: transition.avoid.as_ref().map(json),
            has_begun: facts.has_begun,
            recorded: facts.recorded.map(pending_word),
            ended_steps: json(&facts.ended_steps),
        })
    }
}

/// Records a transition, or finds out why not.
pub(super) fn record(
    tx: &WriteTx<'_>,
    session: SessionId,
    row: &TransitionRow,
) -> Result<TransitionVerdict, SqliteFailure> {
    if row.entries.is_empty() && !only_grows(tx, row)? {
        return verdict(tx, row);
    }
    let is_recorded = match row.state {
        JobState::Running => go_on(tx, session, row)?,
        _ => end_hold(tx, session, row)?,
    };
    if !is_recorded {
        return verdict(tx, row);
    }
    for entry in &row.entries {
        insert_entry(tx.conn, row.before.id, entry)?;
    }
    if row.state == JobState::Waiting {
        tx.ring();
    }
    follow_up(tx, row)?;
    Ok(TransitionVerdict::Accepted)
}

/// Ends the count of crashes at steps that have ended, and carries out what is still wanted of a
/// job that is held no longer. Most jobs have neither; a `RETURNING` of both would cost each
/// transition more than this look.
fn follow_up(tx: &WriteTx<'_>, row: &TransitionRow) -> Result<(), SqliteFailure> {
    let id = row.before.id;
    let mut read = tx.conn.prepare_cached(concat!(
        "SELECT want, crashes, ",
        link_columns!(),
        " FROM job WHERE id = ?1"
    ))?;
    let (want, crashes, links) = read.query_row([id.0], |row| {
        Ok((
            row.get::<_, Option<String>>(0)?,
            row.get::<_, u32>(1)?,
            JobLinks::of_row(row, 2)?,
        ))
    })?;
    if row.state != JobState::Running {
        links.moved(tx, id, JobState::Running, row.state);
    }
    if crashes > 0 {
        forget_crashes(tx, row)?;
    }
    let want: Option<PendingRequest> = want.and_then(|word| of_word(&word));
    if let (JobState::Waiting | JobState::Paused, Some(want)) = (row.state, want) {
        releases::settle(tx, id, want)?;
        // Also where the job was so already.
        let mut clear = tx
            .conn
            .prepare_cached("UPDATE job SET want = NULL WHERE id = ?1")?;
        clear.execute([id.0])?;
    }
    Ok(())
}

/// The `+ 0` keeps the planner off the partial index of what waits.
pub(super) const GO_ON: &str = r"
UPDATE job SET seq = ?4, doing = ?5, has_begun = max(has_begun, ?6),
    want = CASE WHEN want = ?7 THEN NULL ELSE want END, avoid = coalesce(?9, avoid)
WHERE id = ?1 AND fence = ?2 AND seq = ?3 AND state + 0 = 2 AND owner = ?8";

fn go_on(tx: &WriteTx<'_>, session: SessionId, row: &TransitionRow) -> rusqlite::Result<bool> {
    let mut update = tx.conn.prepare_cached(GO_ON)?;
    let values = params![
        row.before.id.0,
        row.before.fence,
        row.before.seq,
        row.seq,
        row.doing_text,
        row.has_begun,
        row.recorded,
        session.0,
        row.avoid,
    ];
    Ok(update.execute(values)? == 1)
}

/// A job that is over or stuck keeps no request; one that waits or is paused may still have one.
pub(super) const END_HOLD: &str = r"
UPDATE job SET seq = ?4, doing = '[]', has_begun = max(has_begun, ?6),
    want = CASE WHEN ?10 > 3 OR want = ?7 THEN NULL ELSE want END,
    avoid = coalesce(?9, avoid), state = ?10, owner = NULL,
    run_at = CASE WHEN ?10 = 0 THEN max(?5, ?11) ELSE run_at END,
    ended = CASE WHEN ?10 > 3 THEN ?11 END, result = coalesce(?12, result), reason = ?13
WHERE id = ?1 AND fence = ?2 AND seq = ?3 AND state + 0 = 2 AND owner = ?8";

fn end_hold(tx: &WriteTx<'_>, session: SessionId, row: &TransitionRow) -> rusqlite::Result<bool> {
    let mut update = tx.conn.prepare_cached(END_HOLD)?;
    let values = params![
        row.before.id.0,
        row.before.fence,
        row.before.seq,
        row.seq,
        row.run_at,
        row.has_begun,
        row.recorded,
        session.0,
        row.avoid,
        row.state.number(),
        tx.now,
        row.result,
        row.reason,
    ];
    Ok(update.execute(values)? == 1)
}

/// Ends the count of crashes where a step at which they happened has ended.
fn forget_crashes(tx: &WriteTx<'_>, row: &TransitionRow) -> rusqlite::Result<()> {
    let mut forget = tx.conn.prepare_cached(
        "UPDATE job SET crashes = 0, crashed_at = NULL WHERE id = ?1 AND EXISTS (
            SELECT 1 FROM json_each(job.crashed_at) AS crashed
            JOIN json_each(?2) AS ended ON ended.value = crashed.value)",
    )?;
    forget.execute(params![row.before.id.0, row.ended_steps])?;
    Ok(())
}

/// A report without entries that is late must not hide an attempt that began after it.
fn only_grows(tx: &WriteTx<'_>, row: &TransitionRow) -> rusqlite::Result<bool> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT doing FROM job WHERE id = ?1")?;
    let text: Option<String> = read
        .query_row([row.before.id.0], |row| row.get(0))
        .optional()?;
    let text = text.unwrap_or_default();
    if text == "[]" {
        return Ok(true);
    }
    let doing: Vec<Doing> = serde_json::from_str(&text).unwrap_or_default();
    Ok(doing
        .iter()
        .all(|old| row.doing.iter().any(|new| is_same(old, new))))
}

/// `since` is the board's for what began with the claim.
fn is_same(old: &Doing, new: &Doing) -> bool {
    old.step == new.step && old.phase == new.phase && old.attempt == new.attempt
}

/// Distinguishes a transition that was recorded before from a late one.
fn verdict(tx: &WriteTx<'_>, row: &TransitionRow) -> Result<TransitionVerdict, SqliteFailure> {
    let mut read = tx
        .conn
        .prepare_cached("SELECT fence, seq, state FROM job WHERE id = ?1")?;
    let at = read.query_row([row.before.id.0], |row| {
        Ok((
            row.get::<_, u64>(0)?,
            row.get::<_, u64>(1)?,
            row.get::<_, i64>(2)?,
        ))
    });
    let Some((fence, seq, state)) = at.optional()? else {
        return Ok(TransitionVerdict::Stale);
    };
    let is_there = fence == row.before.fence && seq == row.seq && state == row.state.number();
    // A reap writes entries under the same fence.
    let is_ours = match row.entries.last() {
        Some(last) => last.is_stored(tx.conn, row.before.id)?,
        None => row.state != JobState::Running,
    };
    Ok(match is_there && is_ours {
        true => TransitionVerdict::Repeated,
        false => TransitionVerdict::Stale,
    })
}
