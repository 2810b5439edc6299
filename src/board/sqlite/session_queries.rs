//! What is read of sessions and definitions.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::claim_rows::LaneRow;
use super::claims;
use super::pauses;
use super::queries::{self, COUNTED};
use super::sessions::{claimer, identity_of};
use super::sqlite_failure::SqliteFailure;
use super::words::of_word;
use crate::board::definition_entry::{DefinitionEntry, DefinitionRecord};
use crate::board::job_id::{JobId, SessionId};
use crate::board::job_record::JobRecord;
use crate::board::session_request::{NameRule, SessionRecord, SessionRequest, SessionWish};
use crate::board::wait_facts::{CannotNow, LimitFacts, WaitFacts, WorkerFacts};

/// Returns the live sessions.
pub(super) fn workers(conn: &Connection) -> rusqlite::Result<Vec<SessionRecord>> {
    let mut read = conn.prepare_cached(
        "SELECT id, name, host, uid, boot_id, pid_namespace, time_namespace, pid, start_ticks,
            version, tags, slots, beat, joined, last_heard, is_idle, wish, stale, ended, left,
            (SELECT count(*) FROM job INDEXED BY job_owner WHERE owner = session.id),
            (SELECT min(lease) FROM job INDEXED BY job_owner WHERE owner = session.id),
            (SELECT max(lease) FROM job INDEXED BY job_owner WHERE owner = session.id)
         FROM session WHERE left IS NULL ORDER BY name, id",
    )?;
    read.query_map([], record)?.collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    let list = |at: usize| -> rusqlite::Result<String> { row.get(at) };
    let wish: String = row.get(16)?;
    let shortest: Option<u64> = row.get(21)?;
    let longest: Option<u64> = row.get(22)?;
    Ok(SessionRecord {
        session: SessionId(row.get(0)?),
        request: SessionRequest {
            name: row.get(1)?,
            if_taken: NameRule::NextNumber,
            identity: identity_of(row, 2)?,
            version: row.get(9)?,
            tags: serde_json::from_str(&list(10)?).unwrap_or_default(),
            slots: row.get(11)?,
        },
        beat: row.get(12)?,
        joined: row.get(13)?,
        last_heard: row.get(14)?,
        is_idle: row.get(15)?,
        wish: of_word(&wish).unwrap_or_default(),
        stale: row.get(17)?,
        ended: serde_json::from_str(&list(18)?).unwrap_or_default(),
        left: row.get(19)?,
        holds: row.get(20)?,
        leases: shortest.zip(longest),
    })
}

/// Returns the definitions, the newest shape of each name.
pub(super) fn definitions(conn: &Connection) -> rusqlite::Result<Vec<DefinitionRecord>> {
    let mut read = conn.prepare_cached(
        "SELECT name, shape, help, schema, needs, id, first_seen,
            (SELECT count(*) FROM session_definition AS known WHERE known.definition = outer.id),
            (SELECT most FROM job_limit WHERE definition = outer.name), project
         FROM definition AS outer
         WHERE id = (SELECT max(id) FROM definition AS inner WHERE inner.name = outer.name)
         ORDER BY name",
    )?;
    let rows = read.query_map([], |row| {
        let schema: String = row.get(3)?;
        let needs: String = row.get(4)?;
        Ok(DefinitionRecord {
            entry: DefinitionEntry {
                name: row.get(0)?,
                shape: row.get(1)?,
                help: row.get(2)?,
                schema: serde_json::from_str(&schema).unwrap_or_default(),
                needs: serde_json::from_str(&needs).unwrap_or_default(),
                limit: row.get(8)?,
                project: row.get(9)?,
            },
            order: row.get(5)?,
            first_seen: row.get(6)?,
            sessions: row.get(7)?,
        })
    })?;
    rows.collect()
}

/// Returns what decides why a job waits; `None`: there is no such job.
pub(super) fn wait_facts(
    conn: &Connection,
    id: JobId,
    now: i64,
) -> rusqlite::Result<Option<WaitFacts>> {
    let Some(job) = queries::job(conn, id)? else {
        return Ok(None);
    };
    let needs = needs(conn, &job.definition)?;
    let is_barred = conn.query_row("SELECT hold > 0 FROM board", [], |row| row.get(0))?;
    let before = conn.query_row(
        &format!(
            "SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_lane
             WHERE state = 0 AND definition = ?1 AND priority = ?2
                AND (run_at, id) < (?3, ?4) LIMIT {COUNTED})"
        ),
        params![job.definition, job.priority, job.run_at, job.id.0],
        |row| row.get(0),
    )?;
    let limit = match &job.limit_key {
        Some(key) => Some(limit_facts(conn, &job, key)?),
        None => None,
    };
    let pauses = pauses::of_definition(conn, &job.definition)?;
    Ok(Some(WaitFacts {
        limit,
        pauses,
        workers: worker_facts(conn, &job, needs.as_deref().unwrap_or_default())?,
        job,
        now,
        needs,
        before,
        is_barred,
    }))
}

/// How many holders of a limit are named.
const MOST_HOLDERS: u32 = 8;

fn limit_facts(conn: &Connection, job: &JobRecord, key: &str) -> rusqlite::Result<LimitFacts> {
    let mut most = conn.prepare_cached("SELECT most FROM job_limit WHERE definition = ?1")?;
    let most: Option<Option<u32>> = most
        .query_row([&job.definition], |row| row.get(0))
        .optional()?;
    let mut holders = conn.prepare_cached(
        "SELECT id FROM job INDEXED BY job_place
         WHERE limit_key = ?1 AND (state = 0 OR state = 2 OR state = 3 AND has_begun = 1)
            AND id <> ?2 LIMIT ?3",
    )?;
    let holders = holders.query_map(params![key, job.id.0, MOST_HOLDERS], |row| {
        row.get(0).map(JobId)
    })?;
    let holders = holders.collect::<rusqlite::Result<_>>()?;
    let before = conn.query_row(
        &format!(
            "SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_limited
             WHERE state = 1 AND limit_key = ?1
                AND (-priority, run_at, id) < (-?2, ?3, ?4) LIMIT {COUNTED})"
        ),
        params![key, job.priority, job.run_at, job.id.0],
        |row| row.get(0),
    )?;
    Ok(LimitFacts {
        most: most.flatten(),
        holders,
        before,
    })
}

fn needs(conn: &Connection, definition: &str) -> rusqlite::Result<Option<Vec<String>>> {
    let mut read = conn
        .prepare_cached("SELECT needs FROM definition WHERE name = ?1 ORDER BY id DESC LIMIT 1")?;
    let needs: Option<String> = read.query_row([definition], |row| row.get(0)).optional()?;
    Ok(needs.map(|text| serde_json::from_str(&text).unwrap_or_default()))
}

fn worker_facts(
    conn: &Connection,
    job: &JobRecord,
    needs: &[String],
) -> rusqlite::Result<Vec<WorkerFacts>> {
    let mut bound = conn.prepare_cached(
        "SELECT CASE WHEN is_bound THEN last_host END, shape_order, seq > 0 OR has_begun
         FROM job WHERE id = ?1",
    )?;
    let (bound_to, order, has_begun): (Option<String>, i64, bool) = bound
        .query_row([job.id.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let mut known = conn.prepare_cached(
        "SELECT definition FROM session_definition WHERE session = ?1 AND name = ?2",
    )?;
    let mut facts = Vec::new();
    for worker in workers(conn)? {
        let values = params![worker.session.0, job.definition];
        let knows: Option<i64> = known.query_row(values, |row| row.get(0)).optional()?;
        let has: BTreeSet<&String> = worker.request.tags.iter().collect();
        let lacks = needs.iter().filter(|tag| !has.contains(tag));
        facts.push(WorkerFacts {
            lacks: lacks.cloned().collect(),
            cannot_now: cannot_now(conn, worker.session, job.id, needs)?,
            knows_definition: knows.is_some(),
            is_older: has_begun && knows.is_some_and(|knows| knows < order),
            is_avoided: job.avoid.contains(&worker.request.name),
            is_other_host: has_begun
                && bound_to
                    .as_ref()
                    .is_some_and(|host| *host != worker.request.identity.host),
            is_for_other: job
                .for_worker
                .as_ref()
                .is_some_and(|name| *name != worker.request.name),
            pause: pauses::of_worker(conn, &worker.request.name)?,
            is_leaving: worker.wish != SessionWish::Work,
            holds: worker.holds,
            slots: worker.request.slots,
            name: worker.request.name,
        });
    }
    Ok(facts)
}

/// Returns the needed tags whose command answered no for a job.
fn cannot_now(
    conn: &Connection,
    session: SessionId,
    job: JobId,
    needs: &[String],
) -> rusqlite::Result<Vec<String>> {
    let mut read = conn.prepare_cached("SELECT cannot_now FROM session WHERE id = ?1")?;
    let text: String = read.query_row([session.0], |row| row.get(0))?;
    let all: Vec<CannotNow> = serde_json::from_str(&text).unwrap_or_default();
    let of_job = all.into_iter().filter(|cannot| cannot.job == job);
    let tags = of_job.map(|cannot| cannot.tag);
    Ok(tags.filter(|tag| needs.contains(tag)).collect())
}

/// Returns the jobs that a claim would bring to a session, in its order. Writes nothing.
pub(super) fn peek(
    conn: &Connection,
    now: i64,
    session: SessionId,
    lanes: Vec<LaneRow>,
    at_most: usize,
) -> Result<Vec<JobRecord>, SqliteFailure> {
    let claimer = claimer(conn, session)?;
    let found = claims::peek(conn, now, &claimer, lanes, at_most)?;
    let jobs = found.into_iter().map(|id| queries::job(conn, id));
    Ok(jobs
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?)
}
