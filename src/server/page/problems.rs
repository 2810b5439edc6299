//! What needs a person, one cause a row: what and since when, why, what to do.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::board_facts::{BoardFacts, SeenWorker};
use super::components::action::{ActionButton, button};
use super::components::problem::Problem;
use super::visit::Visit;
use super::wording::{address, definition_link, kind, name, quoted, said, worker_link};
use crate::board::{BoardResult, JobFilter, JobRecord, JobState, ScheduleRecord, SessionWish};
use crate::core::time::unix_millis;
use crate::flow::journal::EntryOutcome;
use crate::server::viewer::Role;
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::{counted, grouped};

/// How many problems of a sort have a row.
const MOST_OF_A_SORT: usize = 5;

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

fn since(visit: &Visit<'_>, at: i64) -> Markup {
    html! { p class="nowrap" { "since " (visit.clock.time(at)) ", " (visit.clock.since(at)) } }
}

fn down_definition(visit: &Visit<'_>, facts: &BoardFacts, of: &str) -> BoardResult<Problem> {
    let figures = facts.figures.definitions.get(of);
    let last = figures.and_then(|one| one.last_failure.as_ref());
    let outage = facts.outage(of);
    let began = outage.map(|outage| unix_millis(outage.started.wall));
    let at = began
        .or_else(|| last.map(|last| last.at))
        .unwrap_or(visit.clock.now);
    let failed = outage.map_or_else(
        || figures.map_or(0, super::board_figures::DefinitionFigures::failed),
        |it| it.failures,
    );
    let mailed = outage.into_iter().flat_map(|outage| &outage.kinds);
    let mailed: Vec<i64> = mailed
        .filter_map(|one| one.mailed)
        .map(unix_millis)
        .collect();
    let step = match last {
        Some(last) => last_failed_step(visit, last.job)?,
        None => None,
    };
    let kinds = outage
        .map(|outage| outage.kinds.as_slice())
        .unwrap_or_default();
    let why = html! {
        @if let Some((step, worker)) = &step { p { "The last failed at step " b { (name(step)) } " on " (worker_link(worker)) ":" } }
        @if let Some(most) = kinds.iter().max_by_key(|one| one.count) {
            (said(&most.text))
            p class="quiet small" {
                (counted(most.count, "time", "times")) " this kind (" (kind(&most.kind.0)) ")"
                @if kinds.len() > 1 { ", " (counted(kinds.len() as u64 - 1, "other kind", "other kinds")) }
                ". "
                @if !mailed.is_empty() {
                    "Mailed "
                    @for (at, mail) in mailed.iter().take(3).enumerate() { @if at > 0 { ", " } (visit.clock.time(*mail)) }
                    "."
                }
            }
        } @else if let Some(reason) = last.and_then(|last| last.reason.as_ref()) { (said(reason)) }
        @else { p { "No reason is known." } }
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
        since: html! { (since(visit, at)) p class="quiet small" { (counted(failed, "job", "jobs")) " failed" @if began.is_some() { " since then" } @else { " in 24 h" } } },
        why,
        remedy,
        actions,
        words: format!("{of} is down"),
    })
}

/// Returns the step at which a job failed last, and the worker.
fn last_failed_step(
    visit: &Visit<'_>,
    job: crate::board::JobId,
) -> BoardResult<Option<(String, String)>> {
    let journal = visit.sight.board().journal(job)?;
    let failed = journal.into_iter().rev();
    let mut failed = failed.filter(|entry| {
        entry.outcome == EntryOutcome::Failed && entry.error.is_some() && !entry.step.is_empty()
    });
    Ok(failed.next().map(|entry| (entry.step, entry.worker)))
}

fn stuck_job(visit: &Visit<'_>, job: &JobRecord) -> Problem {
    let id = job.id.to_string();
    let at = job.ended.unwrap_or(job.posted);
    Problem {
        what: html! { a href={ "/jobs/" (id) } { "Job " (id) } " is stuck" },
        since: html! { (since(visit, at)) p class="quiet small" { (definition_link(&job.definition)) } },
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

/// Jobs that no worker serves, for one cause.
struct UnservedJobs {
    /// The tags that no worker has; empty: no worker runs, or none knows the definitions.
    tags: Vec<String>,
    definitions: Vec<String>,
    waiting: u64,
    is_unknown: bool,
}

/// Finds jobs that wait and that no worker can claim, by cause.
fn unserved(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<Vec<UnservedJobs>> {
    let definitions = visit.sight.definitions()?;
    let serving: Vec<&SeenWorker> = facts.workers.iter().filter(|it| it.serves()).collect();
    let mut by_cause: BTreeMap<(Vec<String>, bool), UnservedJobs> = BTreeMap::new();
    for (of, figures) in &facts.figures.definitions {
        let waiting = figures.waiting();
        let known = definitions.get(of);
        let project = known.and_then(|known| known.entry.project.as_deref());
        if waiting == 0 || facts.pause_of(of, project).is_some() {
            continue;
        }
        let needs = known
            .map(|known| known.entry.needs.clone())
            .unwrap_or_default();
        let is_unknown = known.is_none_or(|known| known.sessions == 0) && !serving.is_empty();
        let is_served = serving.iter().any(|worker| worker.has(&needs));
        if is_served && !is_unknown {
            continue;
        }
        let lacking = needs
            .into_iter()
            .filter(|need| !serving.iter().any(|it| it.has(std::slice::from_ref(need))));
        let tags: Vec<String> = if serving.is_empty() {
            Vec::new()
        } else {
            lacking.collect()
        };
        let cause = by_cause
            .entry((tags.clone(), is_unknown))
            .or_insert_with(|| UnservedJobs {
                tags,
                definitions: Vec::new(),
                waiting: 0,
                is_unknown,
            });
        cause.definitions.push(of.clone());
        cause.waiting += waiting;
    }
    Ok(by_cause.into_values().collect())
}

fn unserved_jobs(visit: &Visit<'_>, facts: &BoardFacts, of: &UnservedJobs) -> Problem {
    let asleep: Vec<&SeenWorker> = facts
        .workers
        .iter()
        .filter(|worker| worker.has(&of.tags) && worker.record.wish == SessionWish::Sleep)
        .filter(|worker| worker.presence == WorkerPresence::Alive)
        .collect();
    let what = match (of.tags.as_slice(), of.is_unknown) {
        ([], false) => "No worker serves".to_owned(),
        ([], true) => "No worker knows these jobs".to_owned(),
        (tags, _) => format!("No worker serves {}", tags.join(", ")),
    };
    let waiting = facts.figures.words(of.waiting);
    let jobs = if of.waiting == 1 {
        "job waits"
    } else {
        "jobs wait"
    };
    Problem {
        what: html! {
            @if of.tags.is_empty() { (what) } @else { "No worker serves " @for tag in &of.tags { span class="tag" { (name(tag)) } " " } }
        },
        since: html! { p class="quiet small" { (waiting) " " (jobs) } },
        why: html! { (unserved_why(visit, facts, of, &asleep)) },
        remedy: html! {
            p {
                @match asleep.first() {
                    Some(first) => { "Wake " (name(first.name())) ": its " (counted(u64::from(first.record.request.slots), "slot starts", "slots start")) " at once." }
                    None if of.is_unknown => { "Start a worker whose configuration has " (name(&of.definitions[0])) ": " code { "run_functions work" } "." }
                    None => { "Start a worker" @if !of.tags.is_empty() { " with " code { "--tag " (of.tags.join(" --tag ")) } } ": " code { "run_functions work" } "." }
                }
            }
        },
        actions: html! {
            @if let Some(first) = asleep.first().filter(|_| visit.sees_all()) {
                (button(visit, Role::Operate, &ActionButton::new("wake", "Wake…", ("worker", first.name())).looking("primary")))
            }
            a class="button" href="/workers" { "Open workers" }
            a class="button" href=(address("/jobs", &[("state", "waiting"), ("definition", &of.definitions[0])])) { "See the jobs" }
        },
        words: lowered(&what),
    }
}

fn unserved_why(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    of: &UnservedJobs,
    asleep: &[&SeenWorker],
) -> Markup {
    const MOST: usize = 5;
    let silent = facts
        .workers
        .iter()
        .filter(|worker| worker.presence != WorkerPresence::Alive);
    let silent = silent.filter(|worker| worker.has(&of.tags));
    html! {
        ul class="plain" {
            @for worker in silent.take(MOST) {
                li { (worker_link(worker.name())) " has not been heard from since " (visit.clock.time(worker.record.last_heard)) "." }
            }
            @for worker in asleep.iter().take(MOST) { li { (worker_link(worker.name())) " is asleep." } }
            @for definition in of.definitions.iter().take(MOST) {
                li { (definition_link(definition)) " waits" @if of.is_unknown { ": no live worker has it in its configuration" } "." }
            }
            @if of.definitions.len() > MOST { li { "and " (of.definitions.len() - MOST) " more definitions" } }
        }
    }
}

fn late_schedules(
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
    job: crate::board::JobId,
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

fn overdue_jobs(visit: &Visit<'_>, explained: &dyn Fn(&str) -> bool) -> BoardResult<Vec<Problem>> {
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
            since: html! { (since(visit, overdue.since)) p class="quiet small" { (definition_link(&overdue.definition)) } },
            why: html! { p { (quoted(why.as_deref().unwrap_or("it is about to be claimed"))) } },
            remedy: html! { p { "Make room for it, or raise " code { "waiting_for_at_most" } "." } },
            actions: html! { a class="button" href={ "/jobs/" (overdue.job) } { "Open the job" } },
            words: format!("job {} waits too long", overdue.job),
        });
    }
    Ok(rows)
}

fn first_reason(visit: &Visit<'_>, job: crate::board::JobId) -> BoardResult<Option<String>> {
    Ok(super::waiting::reasons(visit, job)?.into_iter().next())
}

fn silent_worker(visit: &Visit<'_>, worker: &SeenWorker) -> Problem {
    let of = worker.name();
    let host = &worker.record.request.identity.host;
    let is_dead = worker.presence == WorkerPresence::Dead;
    Problem {
        what: html! { "Worker " (worker_link(of)) @if is_dead { " has died" } @else { " is not heard from" } },
        since: since(visit, worker.record.last_heard),
        why: html! {
            p {
                @if is_dead { "Its process on this host is gone." }
                @else { "Its last beat is older than its longest lease: the host, the network or the process is gone." }
            }
        },
        remedy: html! {
            p {
                "Look at host " (name(host)) ". "
                @if is_dead { "The next worker that starts there takes its jobs over at once." }
                @else { "Its jobs go on elsewhere when it is forgotten, or another worker takes them." }
            }
        },
        actions: html! {
            a class="button" href=(address("/workers", &[("q", of)])) { "Open the worker" }
            @if !is_dead && visit.sees_all() {
                (button(visit, Role::Operate, &ActionButton::new("forget", "Forget…", ("worker", of))))
            }
        },
        words: format!("worker {of} is not heard from"),
    }
}

fn undelivered_mail(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<Option<Problem>> {
    let board = visit.sight.board();
    let mails = board.mails()?;
    let Some(first) = mails.first() else {
        return Ok(None);
    };
    if board.deliverers()? > 0 && visit.clock.now.saturating_sub(first.queued) < 600_000 {
        return Ok(None);
    }
    let count = mails.len() as u64;
    let is_served = facts.workers.iter().any(SeenWorker::serves);
    Ok(Some(Problem {
        what: html! { "Mail does not leave" },
        since: html! { (since(visit, first.queued)) p class="quiet small" { (counted(count, "mail waits", "mails wait")) " on the board" } },
        why: html! {
            p {
                @if is_served { "No live worker has a way by which mail leaves its machine, or the server does not accept it." }
                @else { "No worker is there to deliver it." }
            }
        },
        remedy: html! { p { "Set " code { "[mail]" } " where a worker runs; " code { "run_functions mail test" } " tries the way." } },
        actions: html! { a class="button" href="/workers" { "Open workers" } },
        words: "mail does not leave".to_owned(),
    }))
}

fn lowered(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_lowercase);
    first.chain(rest).collect()
}
