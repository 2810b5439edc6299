//! Facts: jobs that ended alike, noted by a call and inserted at its end.

use rusqlite::{Connection, OptionalExtension, params};

use crate::board::alert_record::{AlertLook, EndFact, EndFailure, SessionCounts};
use crate::board::job_id::{JobId, SessionId};
use crate::board::job_state::JobState;
use crate::board::sqlite::write_tx::WriteTx;

/// Texts are for people: more is cut.
const MOST_BYTES: usize = 2048;
/// How many kinds a call distinguishes; what comes after counts to the last.
const MOST_KINDS: usize = 256;
/// How long the counts of a session are returned after it has left.
const LEFT_FOR: i64 = 15 * 60_000;

/// Notes the end of a job, if it is no success; `failure` is what its worker reports of it.
pub(in crate::board::sqlite) fn note(
    tx: &WriteTx<'_>,
    job: JobId,
    state: JobState,
    failure: Option<&EndFailure>,
) -> rusqlite::Result<()> {
    if !matches!(
        state,
        JobState::Failed | JobState::Reverted | JobState::Stuck
    ) {
        return Ok(());
    }
    let mut read = tx
        .conn
        .prepare_cached("SELECT definition, reason FROM job WHERE id = ?1")?;
    let found = read.query_row([job.0], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
    });
    let Some((definition, reason)) = found.optional()? else {
        return Ok(());
    };
    let mut facts = tx.facts.borrow_mut();
    let is_alike = |fact: &EndFact| {
        let (kind, build) = failure.map_or(("", ""), |one| (&*one.kind, &*one.build));
        fact.definition == definition
            && fact.state == state
            && fact.failure.kind == kind
            && fact.failure.build == build
    };
    let is_full = facts.len() >= MOST_KINDS;
    let alike = facts.iter_mut().rev().find(|fact| is_alike(fact));
    if let Some(fact) = alike {
        (fact.jobs, fact.last, fact.job) = (fact.jobs + 1, tx.now, job);
    } else if !is_full {
        let reported = failure.cloned().unwrap_or_else(|| EndFailure {
            text: reason.unwrap_or_default(),
            ..EndFailure::default()
        });
        facts.push(EndFact {
            id: 0,
            definition,
            state,
            failure: reported,
            jobs: 1,
            first: tx.now,
            last: tx.now,
            job,
        });
    } else if let Some(last) = facts.last_mut() {
        last.jobs += 1;
    }
    Ok(())
}

/// Inserts what the call has noted.
pub(in crate::board::sqlite) fn insert_noted(tx: &WriteTx<'_>) -> rusqlite::Result<()> {
    if tx.facts.borrow().is_empty() {
        return Ok(());
    }
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO fact (definition, build, state, kind, text, jobs, first, last, job)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for fact in tx.facts.take() {
        insert.execute(params![
            fact.definition,
            cut(&fact.failure.build),
            fact.state.number(),
            cut(&fact.failure.kind),
            cut(&fact.failure.text),
            fact.jobs,
            fact.first,
            fact.last,
            fact.job.0,
        ])?;
    }
    Ok(())
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MOST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns what the alerter has not taken yet.
pub(super) fn look(conn: &Connection, now: i64, at_most: u32) -> rusqlite::Result<AlertLook> {
    let mut read = conn.prepare_cached(
        "SELECT id, definition, state, kind, text, build, jobs, first, last, job
         FROM fact ORDER BY id LIMIT ?1",
    )?;
    let facts = read.query_map([at_most], |row| {
        Ok(EndFact {
            id: row.get(0)?,
            definition: row.get(1)?,
            state: JobState::of_number(row.get(2)?).unwrap_or(JobState::Failed),
            failure: EndFailure {
                kind: row.get(3)?,
                text: row.get(4)?,
                build: row.get(5)?,
            },
            jobs: row.get(6)?,
            first: row.get(7)?,
            last: row.get(8)?,
            job: JobId(row.get(9)?),
        })
    })?;
    let facts = facts.collect::<rusqlite::Result<_>>()?;
    let mut read = conn.prepare_cached(
        "SELECT id, ended FROM session WHERE left IS NULL
         UNION ALL
         SELECT id, ended FROM session INDEXED BY session_left
         WHERE left IS NOT NULL AND left > ?1",
    )?;
    let counts = read.query_map([now.saturating_sub(LEFT_FOR)], |row| {
        let ended: String = row.get(1)?;
        Ok(SessionCounts {
            session: SessionId(row.get(0)?),
            ended: serde_json::from_str(&ended).unwrap_or_default(),
        })
    })?;
    Ok(AlertLook {
        facts,
        counts: counts.collect::<rusqlite::Result<_>>()?,
    })
}

/// Removes facts that were taken.
pub(super) fn remove(tx: &WriteTx<'_>, taken: &[u64]) -> rusqlite::Result<()> {
    let mut remove = tx.conn.prepare_cached("DELETE FROM fact WHERE id = ?1")?;
    for id in taken {
        remove.execute([id])?;
    }
    Ok(())
}

/// Returns whether a job of a definition may end soon.
pub(super) fn has_open_jobs(
    conn: &Connection,
    definition: &str,
    until: i64,
) -> rusqlite::Result<bool> {
    let mut running = conn.prepare_cached(
        "SELECT 1 FROM job INDEXED BY job_owner
         WHERE owner IS NOT NULL AND definition = ?1 LIMIT 1",
    )?;
    if running.exists([definition])? {
        return Ok(true);
    }
    let mut waiting = conn.prepare_cached(
        "SELECT 1 FROM job INDEXED BY job_lane
         WHERE state = 0 AND definition = ?1 AND priority = ?2 AND run_at <= ?3 LIMIT 1",
    )?;
    for priority in crate::board::post::PRIORITIES {
        if waiting.exists(params![definition, priority, until])? {
            return Ok(true);
        }
    }
    let mut limited = conn.prepare_cached(
        "SELECT 1 FROM job INDEXED BY job_other_end
         WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = 1 AND definition = ?1 LIMIT 1",
    )?;
    limited.exists([definition])
}
