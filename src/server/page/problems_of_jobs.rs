//! Problems of work: definitions that are down, jobs that are stuck or wait too long, late
//! schedules.

use maud::{Markup, html};

use super::board_facts::BoardFacts;
use super::components::action::{ActionButton, button};
use super::components::problem::{MOST_OF_A_SORT, Problem};
use super::failure_run::FailureRun;
use super::visit::Visit;
use super::wording::{address, definition_link, kind, name, quoted, said, worker_link};
use crate::alert::outage::Outage;
use crate::board::{BoardResult, JobId, JobRecord, ScheduleRecord};
use crate::core::time::unix_millis;
use crate::flow::journal::EntryOutcome;
use crate::server::viewer::Role;
use crate::text::counts::counted;

/// Returns the problem of a definition that is down.
///
/// # Errors
///
/// Those of the board.
pub(super) fn down_definition(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    of: &str,
) -> BoardResult<Problem> {
    let row = FailureRun::read(visit, of)?;
    let outage = facts.outage(of);
    let began = outage.map(|outage| unix_millis(outage.started.wall));
    let at = began.or_else(|| row.since()).unwrap_or(visit.clock.now);
    let step = match row.last() {
        Some(last) => last_failed_step(visit, last.id)?,
        None => None,
    };
    let next = facts
        .schedules
        .iter()
        .filter(|one| one.spec.job == of && one.pause.is_none());
    let next = next.filter_map(|one| one.next).min();
    let is_paused = facts
        .pauses
        .iter()
        .any(|pause| pause.scope.parts() == ("definition", of));
    let remedy = html! {
        p {
            "Mend the cause, or wait: "
            @match next {
                Some(next) => { "the next job is posted at " (visit.clock.time(next)) ", and its success ends the outage." }
                None => { "the first success ends the outage." }
            }
        }
    };
    let actions = html! {
        a class="button primary" href=(address("/jobs", &[("state", "failed"), ("definition", of)])) { "See the failures" }
        (button(visit, Role::Operate, &ActionButton::new("mute", "Mute…", ("definition", of))))
        @if !is_paused { (button(visit, Role::Operate, &ActionButton::new("definition-pause", "Pause…", ("definition", of)))) }
    };
    Ok(Problem {
        what: html! { (definition_link(of)) " is down" },
        since: html! { (visit.clock.since_when(at)) p class="quiet small" { (row.words()) } },
        why: why_down(visit, &row, step.as_ref(), &mailed(outage)),
        remedy,
        actions,
        words: format!("{of} is down"),
    })
}

/// Returns when mails about an outage were sent.
fn mailed(outage: Option<&Outage>) -> Vec<i64> {
    let kinds = outage.into_iter().flat_map(|outage| &outage.kinds);
    kinds
        .filter_map(|one| one.mailed)
        .map(unix_millis)
        .collect()
}

fn why_down(
    visit: &Visit<'_>,
    row: &FailureRun,
    step: Option<&(String, String)>,
    mailed: &[i64],
) -> Markup {
    const MOST: usize = 2;
    let kinds = row.kinds();
    html! {
        @if let Some((step, worker)) = step { p { "The last failed at step " b { (name(step)) } " on " (worker_link(worker)) ":" } }
        @for alike in kinds.iter().take(MOST) {
            (said(alike.last.reason.as_deref().unwrap_or("no reason is known")))
            p class="quiet small" { (alike.count) " ×" @if !alike.kind.is_empty() { ", kind " (kind(alike.kind)) } }
        }
        @if kinds.len() > MOST { p class="quiet small" { "and " (counted((kinds.len() - MOST) as u64, "more kind", "more kinds")) } }
        @if kinds.is_empty() { p { "No reason is kept." } }
        @if !mailed.is_empty() {
            p class="quiet small" { "Mailed " @for (at, mail) in mailed.iter().take(3).enumerate() { @if at > 0 { ", " } (visit.clock.time(*mail)) } "." }
        }
    }
}

/// Returns the step at which a job failed last, and the worker.
fn last_failed_step(visit: &Visit<'_>, job: JobId) -> BoardResult<Option<(String, String)>> {
    let journal = visit.sight.board().journal(job)?;
    let failed = journal.into_iter().rev();
    let mut failed = failed.filter(|entry| {
        entry.outcome == EntryOutcome::Failed && entry.error.is_some() && !entry.step.is_empty()
    });
    Ok(failed.next().map(|entry| (entry.step, entry.worker)))
}

/// Returns the problem of a job that is stuck.
pub(super) fn stuck_job(visit: &Visit<'_>, job: &JobRecord) -> Problem {
    let id = job.id.to_string();
    let at = job.ended.unwrap_or(job.posted);
    Problem {
        what: html! { a href={ "/jobs/" (id) } { "Job " (id) } " is stuck" },
        since: html! { (visit.clock.since_when(at)) p class="quiet small" { (definition_link(&job.definition)) } },
        why: html! {
            p { "It stays like this until a person acts:" }
            (said(job.reason.as_deref().unwrap_or("it needs a person")))
        },
        remedy: html! { p { "Repair the cause, then go on where it is stuck, or have what was done reverted." } },
        actions: html! {
            a class="button primary" href={ "/jobs/" (id) } { "Open the job" }
            (button(visit, Role::Operate, &ActionButton::new("retry", "Go on…", ("job", &id))))
            (button(visit, Role::Operate, &ActionButton::new("revert", "Revert…", ("job", &id))))
        },
        words: format!("job {id} is stuck"),
    }
}

/// Returns the problems of schedules that are late, without those whose cause has a row.
///
/// # Errors
///
/// Those of the board.
pub(super) fn late_schedules(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    explained: &dyn Fn(&str) -> bool,
) -> BoardResult<Vec<Problem>> {
    let found = visit.sight.conditions()?;
    let mut rows = Vec::new();
    for late in &found.late {
        let Some(schedule) = facts.schedules.iter().find(|one| one.name == late.schedule) else {
            continue;
        };
        if !explained(&schedule.spec.job) {
            let why = if rows.len() < MOST_OF_A_SORT {
                first_reason(visit, late.job)?
            } else {
                None
            };
            rows.push(late_schedule(visit, schedule, late.slot, late.job, why));
        }
    }
    Ok(rows)
}

fn late_schedule(
    visit: &Visit<'_>,
    schedule: &ScheduleRecord,
    slot: i64,
    job: JobId,
    why: Option<String>,
) -> Problem {
    let of = schedule.name.as_str();
    Problem {
        what: html! { "Schedule " a href=(address("/schedules", &[("q", of)])) { (name(of)) } " is late" },
        since: html! { p class="nowrap" { "due " (visit.clock.time(slot)) ", " (visit.clock.since(slot)) " ago" } },
        why: html! { p { a href={ "/jobs/" (job) } { "Job " (job) } " has not begun: " (quoted(why.as_deref().unwrap_or("it is about to be claimed"))) } },
        remedy: html! { p { "Make room, or start a worker that can do " (definition_link(&schedule.spec.job)) "." } },
        actions: html! {
            a class="button" href={ "/jobs/" (job) } { "Open the job" }
            (button(visit, Role::Operate, &ActionButton::new("schedule-pause", "Pause…", ("schedule", of))))
        },
        words: format!("schedule {of} is late"),
    }
}

/// Returns the problems of jobs that wait too long, without those whose cause has a row.
///
/// # Errors
///
/// Those of the board.
pub(super) fn overdue_jobs(
    visit: &Visit<'_>,
    explained: &dyn Fn(&str) -> bool,
) -> BoardResult<Vec<Problem>> {
    let found = visit.sight.conditions()?;
    let mut rows = Vec::new();
    for overdue in found
        .waiting
        .iter()
        .filter(|one| !explained(&one.definition))
    {
        if rows.len() > MOST_OF_A_SORT || visit.sight.job(overdue.job)?.is_none() {
            continue;
        }
        let why = first_reason(visit, overdue.job)?;
        rows.push(Problem {
            what: html! { a href={ "/jobs/" (overdue.job) } { "Job " (overdue.job) } " waits too long" },
            since: html! { (visit.clock.since_when(overdue.since)) p class="quiet small" { (definition_link(&overdue.definition)) } },
            why: html! { p { (quoted(why.as_deref().unwrap_or("it is about to be claimed"))) } },
            remedy: html! { p { "Make room for it, or raise " code { "waiting_for_at_most" } "." } },
            actions: html! { a class="button" href={ "/jobs/" (overdue.job) } { "Open the job" } },
            words: format!("job {} waits too long", overdue.job),
        });
    }
    Ok(rows)
}

fn first_reason(visit: &Visit<'_>, job: JobId) -> BoardResult<Option<String>> {
    Ok(super::waiting::reasons(visit, job)?.into_iter().next())
}
