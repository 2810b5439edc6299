//! The jobs of a list, and the search among them: bounded, and it names what it looked at.

use super::arguments;
use super::jobs_filter::{JobsFilter, PAGE};
use super::visit::Visit;
use super::wording::plain_words;
use crate::board::{BoardResult, JobFilter, JobId, JobRecord};

/// How many jobs are looked through for a text.
const LOOKED_THROUGH: u32 = 500;

/// Jobs that were found.
pub(super) struct FoundJobs {
    /// The jobs, the newest first.
    pub(super) jobs: Vec<JobRecord>,
    /// Where the next page begins; `None`: this is the last.
    pub(super) next: Option<JobId>,
    /// What was looked at, where that was not all.
    pub(super) note: Option<String>,
}

/// Finds the jobs of a page.
///
/// # Errors
///
/// Those of the board.
pub(super) fn find(visit: &Visit<'_>, filter: &JobsFilter) -> BoardResult<FoundJobs> {
    let Some(text) = &filter.text else {
        let page = visit.sight.jobs(&filter.board(PAGE))?;
        return Ok(FoundJobs {
            jobs: page.jobs,
            next: page.next,
            note: None,
        });
    };
    for exact in [by_key(filter, text), by_kind(filter, text)] {
        let page = visit.sight.jobs(&exact)?;
        if !page.jobs.is_empty() {
            return Ok(FoundJobs {
                jobs: page.jobs,
                next: None,
                note: page.next.map(|_| "the newest of them".to_owned()),
            });
        }
    }
    look_through(visit, filter, text)
}

fn by_key(filter: &JobsFilter, text: &str) -> JobFilter {
    JobFilter {
        key: Some(text.to_owned()),
        ..filter.board(PAGE)
    }
}

fn by_kind(filter: &JobsFilter, text: &str) -> JobFilter {
    JobFilter {
        kind: Some(text.to_owned()),
        ..filter.board(PAGE)
    }
}

fn look_through(visit: &Visit<'_>, filter: &JobsFilter, text: &str) -> BoardResult<FoundJobs> {
    let page = visit.sight.jobs(&filter.board(LOOKED_THROUGH))?;
    let wanted = text.to_lowercase();
    let count = page.jobs.len();
    let mut found = Vec::new();
    for job in page.jobs {
        if has(visit, &job, &wanted)? && found.len() < PAGE as usize {
            found.push(job);
        }
    }
    let shown = plain_words(text, 60);
    let note = match page.next {
        None => format!("“{shown}” in all {count}"),
        Some(_) => format!("“{shown}” was looked for in the newest {count} alone"),
    };
    Ok(FoundJobs {
        jobs: found,
        next: None,
        note: Some(note),
    })
}

/// Returns whether a job has a text where a user may see it.
fn has(visit: &Visit<'_>, job: &JobRecord, wanted: &str) -> BoardResult<bool> {
    let is_in = |text: &str| text.to_lowercase().contains(wanted);
    if is_in(&job.definition)
        || job.key.as_deref().is_some_and(is_in)
        || job.reason.as_deref().is_some_and(is_in)
    {
        return Ok(true);
    }
    let schema = visit.sight.schema(&job.definition)?;
    let shown = arguments::shown(schema.as_ref(), &job.args);
    Ok(shown.iter().filter_map(|it| it.value.as_deref()).any(is_in))
}
