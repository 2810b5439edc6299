//! What is read of jobs.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::words::of_word;
use crate::board::beat::JobPosition;
use crate::board::job_id::{BatchId, JobId, SessionId};
use crate::board::job_record::{JobOutcome, JobRecord, StateCount};
use crate::board::job_state::JobState;

/// Nothing is counted further.
pub(super) const COUNTED: i64 = 10_001;

const COLUMNS: &str = "job.id, posting, key, definition, priority, run_at, state, reason, owner,
    session.name, fence, seq, doing, lease, crashes, want, avoid, has_begun, args, result,
    project, posted_by, posted, job.ended, expires, ends_by, limit_key, batch, for_worker,
    ignores_pauses";

/// Returns the text of a query for records of jobs.
pub(super) fn select(rest: &str) -> String {
    format!("SELECT {COLUMNS} FROM job LEFT JOIN session ON session.id = job.owner {rest}")
}

/// Returns a job.
pub(super) fn job(conn: &Connection, id: JobId) -> rusqlite::Result<Option<JobRecord>> {
    let mut read = conn.prepare_cached(&select("WHERE job.id = ?1"))?;
    read.query_row([id.0], record).optional()
}

/// Reads the record of a job.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let text = |at: usize| row.get::<_, Option<String>>(at);
    let parsed = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(JobRecord {
        id: JobId(row.get(0)?),
        posting: row.get(1)?,
        key: row.get(2)?,
        definition: row.get(3)?,
        priority: row.get(4)?,
        run_at: row.get(5)?,
        state: JobState::of_number(row.get(6)?).unwrap_or(JobState::Stuck),
        reason: row.get(7)?,
        owner: row.get::<_, Option<u64>>(8)?.map(SessionId),
        worker: row.get(9)?,
        fence: row.get(10)?,
        seq: row.get(11)?,
        doing: text(12)?
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        lease: row.get(13)?,
        crashes: row.get(14)?,
        request: text(15)?.and_then(|word| of_word(&word)),
        avoid: text(16)?
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        has_begun: row.get(17)?,
        args: parsed(text(18)?).unwrap_or_default(),
        result: parsed(text(19)?),
        project: row.get(20)?,
        posted_by: row.get(21)?,
        posted: row.get(22)?,
        ended: row.get(23)?,
        expires: row.get(24)?,
        ends_by: row.get(25)?,
        limit_key: row.get(26)?,
        batch: row.get::<_, Option<u64>>(27)?.map(BatchId),
        for_worker: row.get(28)?,
        ignores_pauses: row.get(29)?,
    })
}

/// Returns what became of a write.
pub(super) fn outcome(conn: &Connection, at: JobPosition) -> rusqlite::Result<Option<JobOutcome>> {
    let mut read = conn.prepare_cached(
        "SELECT state, owner, fence, seq, doing,
            EXISTS (SELECT 1 FROM journal WHERE job = ?1 AND seq = ?2 AND fence = ?3)
         FROM job WHERE id = ?1",
    )?;
    let found = read.query_row(params![at.id.0, at.seq, at.fence], |row| {
        let doing: String = row.get(4)?;
        Ok(JobOutcome {
            state: JobState::of_number(row.get(0)?).unwrap_or(JobState::Stuck),
            owner: row.get::<_, Option<u64>>(1)?.map(SessionId),
            fence: row.get(2)?,
            seq: row.get(3)?,
            doing: serde_json::from_str(&doing).unwrap_or_default(),
            has_entry: row.get(5)?,
        })
    });
    found.optional()
}

/// Each kind of state, with the index that has its definitions in order.
const COUNTS: [(JobState, &str); 9] = [
    (JobState::Waiting, "INDEXED BY job_lane WHERE state = 0"),
    (JobState::Limited, OTHERS),
    (
        JobState::Running,
        "INDEXED BY job_owner WHERE owner IS NOT NULL AND state + 0 = 2",
    ),
    (JobState::Paused, OTHERS),
    (
        JobState::Succeeded,
        "INDEXED BY job_succeeded WHERE state = 4",
    ),
    (JobState::Failed, OTHERS),
    (JobState::Reverted, OTHERS),
    (JobState::Cancelled, OTHERS),
    (JobState::Stuck, OTHERS),
];
/// Returns where jobs of a state in which they have an end are, by definition and end.
pub(super) fn ended_index(state: JobState) -> String {
    match state {
        JobState::Succeeded => "INDEXED BY job_succeeded WHERE state = 4".to_owned(),
        other => format!("{OTHERS}{}", other.number()),
    }
}

const OTHERS: &str =
    "INDEXED BY job_other_end WHERE state <> 0 AND state <> 2 AND state <> 4 AND state = ";

/// Returns how many jobs of each definition are in each state, each capped.
pub(super) fn counts(conn: &Connection) -> rusqlite::Result<Vec<StateCount>> {
    let mut counts = Vec::new();
    for (state, index) in COUNTS {
        let from = match index.ends_with("= ") {
            true => format!("{index}{}", state.number()),
            false => index.to_owned(),
        };
        count_state(conn, state, &from, &mut counts)?;
    }
    Ok(counts)
}

fn count_state(
    conn: &Connection,
    state: JobState,
    from: &str,
    counts: &mut Vec<StateCount>,
) -> rusqlite::Result<()> {
    let count = format!(
        "SELECT count(*) FROM (SELECT 1 FROM job {from} AND definition = ?1 LIMIT {COUNTED})"
    );
    let mut count = conn.prepare_cached(&count)?;
    for definition in definitions(conn, from)? {
        let jobs = count.query_row([&definition], |row| row.get(0))?;
        counts.push(StateCount {
            definition,
            state,
            jobs,
        });
    }
    Ok(())
}

/// Returns the definitions of which an index has jobs, going from one to the next instead of over
/// all that is kept.
pub(super) fn definitions(conn: &Connection, from: &str) -> rusqlite::Result<Vec<String>> {
    let next = format!(
        "SELECT definition FROM job {from} AND definition > ?1 ORDER BY definition LIMIT 1"
    );
    let mut next = conn.prepare_cached(&next)?;
    let mut all: Vec<String> = Vec::new();
    let mut after = String::new();
    while let Some(name) = next
        .query_row([&after], |row| row.get::<_, String>(0))
        .optional()?
    {
        after.clone_from(&name);
        all.push(name);
    }
    Ok(all)
}
