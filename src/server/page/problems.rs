//! What needs a person, one cause a row: what and since when, why, what to do.

use super::board_facts::{BoardFacts, SeenWorker};
use super::components::problem::{MOST_OF_A_SORT, Problem};
use super::problems_of_jobs::{down_definition, late_schedules, overdue_jobs, stuck_job};
use super::problems_of_workers::{silent_worker, undelivered_mail, unserved, unserved_jobs};
use super::visit::Visit;
use crate::board::{BoardResult, JobFilter, JobState};
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::grouped;

/// What needs a person, as far as a user may see it.
#[derive(Default)]
pub(super) struct FoundProblems {
    /// The rows, the worst sort first.
    pub(super) rows: Vec<Problem>,
    /// How many more there are, in words.
    pub(super) more: Vec<String>,
    /// How many there are.
    pub(super) count: u64,
}

impl FoundProblems {
    fn add(&mut self, rows: Vec<Problem>, count: usize, more: &str) {
        let left_out = count.saturating_sub(rows.len()) as u64;
        self.count += count as u64;
        self.rows.extend(rows);
        if left_out > 0 {
            self.more.push(format!("and {} {more}", grouped(left_out)));
        }
    }
}

/// Finds what needs a person.
///
/// # Errors
///
/// Those of the board.
pub(super) fn find(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<FoundProblems> {
    let mut found = FoundProblems::default();
    let down: Vec<&String> = facts
        .figures
        .definitions
        .keys()
        .filter(|name| facts.is_down(name))
        .collect();
    let rows = down.iter().take(MOST_OF_A_SORT);
    let rows = rows
        .map(|name| down_definition(visit, facts, name))
        .collect::<BoardResult<_>>()?;
    found.add(rows, down.len(), "more definitions are down");
    let stuck = visit.sight.jobs(&JobFilter {
        states: vec![JobState::Stuck],
        limit: 100,
        ..JobFilter::default()
    })?;
    let rows = stuck
        .jobs
        .iter()
        .take(MOST_OF_A_SORT)
        .map(|job| stuck_job(visit, job));
    found.add(rows.collect(), stuck.jobs.len(), "more jobs are stuck");
    let unserved = unserved(visit, facts)?;
    let rows = unserved.iter().take(MOST_OF_A_SORT);
    let rows = rows.map(|one| unserved_jobs(visit, facts, one)).collect();
    found.add(rows, unserved.len(), "more sets of jobs have no worker");
    let explained = |name: &str| {
        unserved
            .iter()
            .any(|one| one.definitions.iter().any(|it| it == name))
    };
    let late = late_schedules(visit, facts, &explained)?;
    let count = late.len();
    found.add(
        late.into_iter().take(MOST_OF_A_SORT).collect(),
        count,
        "more schedules are late",
    );
    let overdue = overdue_jobs(visit, &explained)?;
    let count = overdue.len();
    found.add(
        overdue.into_iter().take(MOST_OF_A_SORT).collect(),
        count,
        "more jobs have waited too long",
    );
    let silent: Vec<&SeenWorker> = facts
        .workers
        .iter()
        .filter(|worker| worker.presence != WorkerPresence::Alive)
        .filter(|worker| !unserved.iter().any(|one| one.names(worker)))
        .collect();
    let rows = silent
        .iter()
        .take(MOST_OF_A_SORT)
        .map(|worker| silent_worker(visit, worker));
    found.add(
        rows.collect(),
        silent.len(),
        "more workers are not heard from",
    );
    if visit.sees_all() {
        let mail = undelivered_mail(visit, facts)?;
        let count = usize::from(mail.is_some());
        found.add(mail.into_iter().collect(), count, "");
    }
    Ok(found)
}
