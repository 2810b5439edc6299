//! Problems of workers: jobs that none serves, workers that are silent, mails that do not leave.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::board_facts::{BoardFacts, SeenWorker};
use super::components::action::{ActionButton, button};
use super::components::problem::Problem;
use super::visit::Visit;
use super::wording::{address, definition_link, name, worker_link};
use crate::board::{BoardResult, SessionWish};
use crate::server::viewer::Role;
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::counted;

/// Jobs that no worker serves, for one cause.
pub(super) struct UnservedJobs {
    /// The tags that no worker has; empty: no worker runs, or none knows the definitions.
    tags: Vec<String>,
    /// Their definitions.
    pub(super) definitions: Vec<String>,
    waiting: u64,
    is_unknown: bool,
}

/// Finds jobs that wait and that no worker can claim, by cause.
///
/// # Errors
///
/// Those of the board.
pub(super) fn unserved(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<Vec<UnservedJobs>> {
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

/// Returns the problem of jobs that no worker serves.
pub(super) fn unserved_jobs(visit: &Visit<'_>, facts: &BoardFacts, of: &UnservedJobs) -> Problem {
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
                    None => { "Start a worker: " code { "run_functions work" @for tag in &of.tags { " --tag " (tag) } } "." }
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

impl UnservedJobs {
    /// Returns whether a worker that is silent is among the reasons.
    pub(super) fn names(&self, worker: &SeenWorker) -> bool {
        !self.tags.is_empty() && worker.has(&self.tags)
    }
}

/// Returns the problem of a worker that is not heard from.
pub(super) fn silent_worker(visit: &Visit<'_>, worker: &SeenWorker) -> Problem {
    let of = worker.name();
    let host = &worker.record.request.identity.host;
    let is_dead = worker.presence == WorkerPresence::Dead;
    Problem {
        what: html! { "Worker " (worker_link(of)) @if is_dead { " has died" } @else { " is not heard from" } },
        since: visit.clock.since_when(worker.record.last_heard),
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

/// Returns the problem of mails that do not leave, if there is one.
///
/// # Errors
///
/// Those of the board.
pub(super) fn undelivered_mail(
    visit: &Visit<'_>,
    facts: &BoardFacts,
) -> BoardResult<Option<Problem>> {
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
        since: html! { (visit.clock.since_when(first.queued)) p class="quiet small" { (counted(count, "mail waits", "mails wait")) " on the board" } },
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
