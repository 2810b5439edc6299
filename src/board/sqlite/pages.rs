//! Pages of jobs, by the index that has the fewest rows to pass over.

use rusqlite::{Connection, ToSql};

use super::queries::{record, select};
use crate::board::job_record::{JobFilter, JobPage, JobRecord};
use crate::board::job_state::JobState;

/// No page is longer.
const LONGEST_PAGE: u32 = 1000;

/// A condition on jobs, with the value that stands for its `?`.
type JobCondition<'a> = (&'static str, &'a dyn ToSql);

/// Returns a page of jobs, the newest first.
pub(super) fn jobs(conn: &Connection, filter: &JobFilter) -> rusqlite::Result<JobPage> {
    let limit = filter.limit.clamp(1, LONGEST_PAGE) as usize;
    let before = filter.before.map_or(i64::MAX as u64, |id| id.0);
    let owner = filter.owner.map(|owner| owner.0);
    let batch = filter.batch.map(|batch| batch.0);
    let mut conditions: Vec<JobCondition<'_>> = vec![("id < ?", &before)];
    let texts = [
        ("definition = ?", &filter.definition),
        ("key = ?", &filter.key),
        ("project = ?", &filter.project),
        (
            "id IN (SELECT job FROM journal WHERE kind = ?)",
            &filter.kind,
        ),
    ];
    for (condition, value) in texts {
        conditions.extend(value.as_ref().map(|value| (condition, value as &dyn ToSql)));
    }
    conditions.extend(
        owner
            .as_ref()
            .map(|owner| ("owner = ?", owner as &dyn ToSql)),
    );
    conditions.extend(
        batch
            .as_ref()
            .map(|batch| ("batch = ?", batch as &dyn ToSql)),
    );
    let wheres: Vec<&str> = conditions.iter().map(|(condition, _)| *condition).collect();
    let ids = format!(
        "SELECT id FROM job {} AND {} ORDER BY id DESC LIMIT {}",
        from(filter),
        wheres.join(" AND "),
        limit + 1
    );
    let mut read = conn.prepare(&select(&format!(
        "WHERE job.id IN ({ids}) ORDER BY job.id DESC"
    )))?;
    let values: Vec<&dyn ToSql> = conditions.iter().map(|(_, value)| *value).collect();
    let rows = read.query_map(&values[..], record)?;
    let mut jobs: Vec<JobRecord> = rows.collect::<rusqlite::Result<_>>()?;
    let has_more = jobs.len() > limit;
    jobs.truncate(limit);
    let next = jobs.last().filter(|_| has_more).map(|job| job.id);
    Ok(JobPage { jobs, next })
}

/// Returns where to look for jobs in these states. Whatever is asked for by definition, key,
/// session or kind has an index of its own.
fn from(filter: &JobFilter) -> String {
    let states = &filter.states;
    if states.is_empty() && filter.batch.is_some() {
        return "INDEXED BY job_batch WHERE batch IS NOT NULL".to_owned();
    }
    if states.is_empty() {
        return "WHERE 1".to_owned();
    }
    let numbers: Vec<String> = states
        .iter()
        .map(|state| state.number().to_string())
        .collect();
    let in_states = format!("state IN ({})", numbers.join(", "));
    let is_narrow = filter.batch.is_some()
        || filter.key.is_some()
        || filter.owner.is_some()
        || filter.kind.is_some();
    let is_other = |state: &JobState| {
        !matches!(
            state,
            JobState::Waiting | JobState::Running | JobState::Succeeded
        )
    };
    match states[..] {
        _ if is_narrow => format!("WHERE {in_states}"),
        [JobState::Running] => {
            "INDEXED BY job_owner WHERE owner IS NOT NULL AND state = 2".to_owned()
        }
        [JobState::Waiting] if filter.definition.is_some() => {
            "INDEXED BY job_lane WHERE state = 0".to_owned()
        }
        [JobState::Waiting] => "INDEXED BY job_waiting WHERE state = 0".to_owned(),
        _ if states.iter().all(is_other) => format!(
            "INDEXED BY job_other_end WHERE state <> 0 AND state <> 2 AND state <> 4 AND {in_states}"
        ),
        _ => format!("WHERE {in_states}"),
    }
}
