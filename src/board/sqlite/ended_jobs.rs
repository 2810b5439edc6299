//! Jobs that have ended, by definition and state: found through an index, however many are kept.

use rusqlite::{Connection, params};

use super::queries::{COUNTED, definitions, ended_index};
use crate::board::end_summary::EndSummary;
use crate::board::ended_job::{EndFilter, EndedJob};
use crate::board::job_id::JobId;
use crate::board::job_state::JobState;

/// The states in which a job has an end.
const ENDED: [JobState; 5] = [
    JobState::Succeeded,
    JobState::Failed,
    JobState::Reverted,
    JobState::Cancelled,
    JobState::Stuck,
];

/// Returns how the jobs of each definition have ended since a moment.
pub(super) fn end_summaries(conn: &Connection, since: i64) -> rusqlite::Result<Vec<EndSummary>> {
    let mut all = Vec::new();
    for state in ENDED {
        let from = ended_index(state);
        let last = format!(
            "SELECT id, ended, reason FROM job {from} AND definition = ?1
             ORDER BY ended DESC, id DESC LIMIT 1"
        );
        let count = format!(
            "SELECT count(*) FROM (SELECT 1 FROM job {from} AND definition = ?1 AND ended >= ?2
             LIMIT {COUNTED})"
        );
        let mut last = conn.prepare_cached(&last)?;
        let mut count = conn.prepare_cached(&count)?;
        for definition in definitions(conn, &from)? {
            let jobs = count.query_row(params![definition, since], |row| row.get(0))?;
            all.push(last.query_row([&definition], |row| {
                Ok(EndSummary {
                    definition: definition.clone(),
                    state,
                    jobs,
                    last: JobId(row.get(0)?),
                    at: row.get::<_, Option<i64>>(1)?.unwrap_or(0),
                    reason: row.get(2)?,
                })
            })?);
        }
    }
    Ok(all)
}

/// Returns the jobs that ended last, the last one first.
pub(super) fn ended_jobs(conn: &Connection, filter: &EndFilter) -> rusqlite::Result<Vec<EndedJob>> {
    let mut all = Vec::new();
    let states = ENDED.into_iter();
    for state in states.filter(|state| !filter.is_of_failures || *state != JobState::Succeeded) {
        let from = ended_index(state);
        let jobs = format!(
            "SELECT id, ended, reason, (SELECT min(started) FROM journal WHERE job = job.id),
                (SELECT kind FROM journal WHERE job = job.id AND kind IS NOT NULL
                 ORDER BY seq DESC LIMIT 1)
             FROM job {from} AND definition = ?1 AND ended >= ?2
             ORDER BY ended DESC, id DESC LIMIT ?3"
        );
        let mut jobs = conn.prepare_cached(&jobs)?;
        let definitions = match &filter.definition {
            Some(one) => vec![one.clone()],
            None => definitions(conn, &from)?,
        };
        for definition in definitions {
            let wanted = params![definition, filter.since, filter.limit];
            let found = jobs.query_map(wanted, |row| {
                Ok(EndedJob {
                    id: JobId(row.get(0)?),
                    definition: definition.clone(),
                    state,
                    began: row.get(3)?,
                    ended: row.get(1)?,
                    reason: row.get(2)?,
                    kind: row.get(4)?,
                })
            })?;
            for job in found {
                all.push(job?);
            }
        }
    }
    all.sort_by_key(|job| std::cmp::Reverse((job.ended, job.id.0)));
    all.truncate(filter.limit as usize);
    Ok(all)
}
