//! The workers: what each can do, and does.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};

use super::board_facts::{SeenWorker, pauses, workers};
use super::board_figures::BoardFigures;
use super::components::marks::{StateMark, state_pill, state_word};
use super::components::shell::{NavPlace, page_head};
use super::components::slots::slot_boxes;
use super::list_page::ListPage;
use super::notices;
use super::page_content::PageContent;
use super::visit::Visit;
use super::wording::{address, name, plain_words};
use crate::board::{
    BoardResult, JobFilter, JobRecord, JobState, PauseRecord, PauseScope, SessionId, SessionWish,
};
use crate::server::viewer::Role;
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::counted;

/// How many workers a page has.
const PAGE: usize = 25;
/// How many running jobs are shown in slots.
const MOST_RUNNING: u32 = 500;
/// How many tags have a figure.
const MOST_TAGS: usize = 12;

/// Returns the list of workers.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageContent> {
    let mut all = workers(visit)?;
    let pauses = pauses(visit)?;
    let running = visit.sight.jobs(&JobFilter {
        states: vec![JobState::Running],
        limit: MOST_RUNNING,
        ..JobFilter::default()
    })?;
    let mut held: HashMap<SessionId, Vec<&JobRecord>> = HashMap::new();
    for job in &running.jobs {
        if let Some(owner) = job.owner {
            held.entry(owner).or_default().push(job);
        }
    }
    let title = counted(all.len() as u64, "worker", "workers");
    let sentence = sentence(&all);
    let is_bad = all
        .iter()
        .any(|worker| worker.presence != WorkerPresence::Alive);
    let coverage = tag_coverage(visit, &all)?;
    let tag = visit.query("tag").map(|tag| vec![tag.to_owned()]);
    let wanted = visit.query("q").map(str::to_lowercase);
    all.retain(|worker| {
        let host = worker.record.request.identity.host.to_lowercase();
        let is_named =
            |text: &String| worker.name().to_lowercase().contains(text) || host.contains(text);
        tag.as_deref().is_none_or(|tag| worker.has(tag)) && wanted.as_ref().is_none_or(is_named)
    });
    all.sort_by_key(|worker| (rank(worker), worker.name().to_owned()));
    let page = ListPage::of(visit, all.len(), PAGE);
    let shown = &all[page.rows()];
    let search = html! {
        form class="row" role="search" aria-label="These workers" action="/workers" {
            input type="search" name="q" value=(visit.query("q").unwrap_or_default()) aria-label="Filter workers" placeholder="Name or host";
            button { "Filter" }
        }
    };
    let none = Vec::new();
    let rows = shown.iter().map(|worker| {
        let jobs = held.get(&worker.record.session).unwrap_or(&none);
        row(visit, worker, jobs, &pauses)
    });
    let rows: Vec<Markup> = rows.collect();
    let markup = html! {
        (page_head(&html! { "Workers" }, &html! { (title) }, &html! { (sentence) }, &search))
        (notices::last(visit, "")?)
        (coverage)
        (table(visit, &rows))
        (page.links(visit, "/workers", &["q", "tag"]))
    };
    let mut content = PageContent::new(NavPlace::Workers, title);
    content.is_bad = is_bad;
    Ok(content.live("workers", markup))
}

fn rank(worker: &SeenWorker) -> u8 {
    match (worker.presence, worker.record.wish) {
        (WorkerPresence::Unheard | WorkerPresence::Dead, _) => 0,
        (WorkerPresence::Alive, SessionWish::Work) => 2,
        (WorkerPresence::Alive, _) => 1,
    }
}

fn sentence(all: &[SeenWorker]) -> String {
    let serving: Vec<&SeenWorker> = all.iter().filter(|worker| worker.serves()).collect();
    let slots: u64 = serving
        .iter()
        .map(|worker| u64::from(worker.record.request.slots))
        .sum();
    let silent = all
        .iter()
        .filter(|worker| worker.presence != WorkerPresence::Alive)
        .count();
    let silent = match silent {
        0 => String::new(),
        1 => " 1 is not heard from.".to_owned(),
        some => format!(" {some} are not heard from."),
    };
    if all.is_empty() {
        return "None has joined. `run_functions work` starts one.".to_owned();
    }
    let serve = if serving.len() == 1 {
        "serves"
    } else {
        "serve"
    };
    format!(
        "{} {serve} with {}.{silent}",
        serving.len(),
        counted(slots, "slot", "slots")
    )
}

/// Returns how many workers serve each tag.
fn tag_coverage(visit: &Visit<'_>, all: &[SeenWorker]) -> BoardResult<Markup> {
    let definitions = visit.sight.definitions()?;
    let mut tags: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for need in definitions.values().flat_map(|one| &one.entry.needs) {
        tags.entry(need).or_default();
    }
    for worker in all {
        for tag in &worker.record.request.tags {
            let of_tag = tags.entry(tag).or_default();
            of_tag.1 += 1;
            if worker.serves() {
                of_tag.0 += 1;
                of_tag.2 += u64::from(worker.record.request.slots);
            }
        }
    }
    if tags.is_empty() {
        return Ok(html! {});
    }
    let figures = BoardFigures::of_now(&visit.sight)?;
    let waiting = |tag: &str| {
        let needing = definitions
            .iter()
            .filter(|(_, one)| one.entry.needs.iter().any(|it| it == tag));
        let counts = needing.filter_map(|(of, _)| figures.definitions.get(of));
        counts
            .map(super::board_figures::DefinitionFigures::waiting)
            .sum::<u64>()
    };
    let mut rows: Vec<_> = tags
        .into_iter()
        .map(|(tag, counts)| (tag, counts, waiting(tag)))
        .collect();
    rows.sort_by_key(|(tag, (serving, ..), waits)| {
        (!(*serving == 0 && *waits > 0), (*tag).to_owned())
    });
    Ok(html! {
        section aria-labelledby="cov" {
            p class="label" id="cov" { "Workers that serve each tag now" }
            div class="figures six" {
                @for (tag, (serving, of, slots), waits) in rows.iter().take(MOST_TAGS) {
                    @let is_bad = *serving == 0 && *waits > 0;
                    a href=(address("/workers", &[("tag", tag)])) {
                        span { b class="tag inline" { (name(tag)) } }
                        b class=[is_bad.then_some("bad")] { (serving) " of " (of) }
                        span { (counted(*slots, "slot", "slots")) }
                        span class=[is_bad.then_some("bad")] { (figures.words(*waits)) " waiting" }
                    }
                }
            }
        }
    })
}

fn table(visit: &Visit<'_>, rows: &[Markup]) -> Markup {
    let zone = visit.clock.zone_word();
    html! {
        section class="card section" {
            table class="stack first top" {
                caption class="hidden" { "Workers, those with a problem first" }
                thead {
                    tr {
                        th scope="col" { "worker, host, version" } th scope="col" { "now" } th scope="col" { "slots" }
                        th scope="col" { "does" } th scope="col" { "tags" } th scope="col" { "heard from (" (zone) ")" }
                        th scope="col" { span class="hidden" { "actions" } }
                    }
                }
                tbody {
                    @for row in rows { (row) }
                    @if rows.is_empty() { tr { td colspan="7" class="quiet full" { "No worker is on the board. " code { "run_functions work" } " starts one." } } }
                }
            }
        }
    }
}

fn row(
    visit: &Visit<'_>,
    worker: &SeenWorker,
    jobs: &[&JobRecord],
    pauses: &[PauseRecord],
) -> Markup {
    let (record, clock) = (&worker.record, &visit.clock);
    let request = &record.request;
    let is_gone = worker.presence != WorkerPresence::Alive;
    let busy: usize = jobs.iter().map(|job| job.doing.len().max(1)).sum();
    let pause = pauses
        .iter()
        .find(|pause| pause.scope == PauseScope::Worker(request.name.clone()));
    html! {
        tr class=[is_gone.then_some("alarm")] data-k={ "w" (record.session) } {
            th scope="row" { b { (name(&request.name)) } span class="under" { (name(&request.identity.host)) ", " span class="nowrap" { (name(&request.version)) } } }
            td { (standing(worker)) }
            td class="full slotcell" {
                (slot_boxes(request.slots, jobs, is_gone, clock))
                span class="under nowrap" { (busy) " of " (request.slots) " busy" }
            }
            td class="full" { (doing(jobs, visit)) @if let Some(pause) = pause { span class="under" { "asleep by " (name(&pause.by)) " since " (clock.time(pause.since)) } } }
            td class="full" { span class="tags" { @for tag in request.tags.iter().take(12) { span class="tag" { (name(tag)) } } @if request.tags.len() > 12 { span class="quiet small" { "and " (request.tags.len() - 12) " more" } } } }
            td class="t" data-l="heard from" { @if is_gone { b class="bad" { (clock.bare(record.last_heard)) } } @else { (clock.bare(record.last_heard)) } span class="under" { (clock.distance(record.last_heard)) } }
            td { (worker_menu(visit, worker)) }
        }
    }
}

fn standing(worker: &SeenWorker) -> Markup {
    match (worker.presence, worker.record.wish) {
        (WorkerPresence::Unheard, _) => state_pill(StateMark::SILENT, "not heard from"),
        (WorkerPresence::Dead, _) => state_pill(StateMark::SILENT, "died"),
        (_, SessionWish::Sleep) => state_pill(StateMark::ASLEEP, "asleep"),
        (_, SessionWish::Drain) => state_pill(StateMark::PAUSED, "draining"),
        (_, SessionWish::Quit | SessionWish::QuitNow) => state_pill(StateMark::PAUSED, "ends"),
        (_, SessionWish::Work) => state_word(StateMark::OK, "serving"),
    }
}

/// Returns what a worker does, by definition.
fn doing(jobs: &[&JobRecord], visit: &Visit<'_>) -> Markup {
    const MOST: usize = 4;
    let mut by_name: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
    for job in jobs {
        let since = job
            .doing
            .iter()
            .map(|doing| doing.since)
            .min()
            .unwrap_or(visit.clock.now);
        let of_name = by_name.entry(&job.definition).or_insert((0, since));
        of_name.0 += 1;
        of_name.1 = of_name.1.min(since);
    }
    html! {
        @if by_name.is_empty() { span class="quiet" { "nothing" } }
        @for (at, (of, (count, since))) in by_name.iter().take(MOST).enumerate() {
            @if at > 0 { ", " }
            @if *count > 1 { (count) " " } (name(of)) " " span class="quiet" { (visit.clock.since(*since)) }
        }
        @if by_name.len() > MOST { ", and " (by_name.len() - MOST) " more" }
    }
}

/// Returns what may be asked of a worker.
fn worker_menu(visit: &Visit<'_>, worker: &SeenWorker) -> Markup {
    let of = worker.name();
    let is_alive = worker.presence == WorkerPresence::Alive;
    let is_working = worker.record.wish == SessionWish::Work;
    let verbs = [
        (
            "drain",
            "Drain…",
            "Finishes what it holds, claims nothing more, ends.",
            is_alive,
        ),
        (
            "sleep",
            "Sleep…",
            "Claims nothing more until it is woken.",
            is_alive && is_working,
        ),
        (
            "wake",
            "Wake…",
            "Claims jobs again.",
            is_alive && !is_working,
        ),
        (
            "quit",
            "Quit…",
            "Gives its jobs back after the steps in progress, ends.",
            is_alive,
        ),
        (
            "quit-now",
            "Quit now…",
            "Ends the steps in progress, gives the jobs back, ends.",
            is_alive,
        ),
        (
            "forget",
            "Forget…",
            "Takes it off the board; its jobs go on elsewhere.",
            worker.presence == WorkerPresence::Unheard,
        ),
    ];
    let is_allowed = visit.may(Role::Operate) && visit.sees_all();
    html! {
        details class="menu" data-k={ "m" (worker.record.session) } {
            summary { "Actions" span class="hidden" { " for " (plain_words(of, 60)) } }
            form action="/confirm" {
                input type="hidden" name="worker" value=(of);
                ul {
                    @for (verb, word, text, is_possible) in verbs {
                        li { button name="do" value=(verb) disabled[!is_possible || !is_allowed] { span { b { (word) } span class="under" { (text) } } } }
                    }
                    @if !is_allowed { li class="small quiet" { "Takes the role " (Role::Operate.word()) ", for all projects." } }
                }
            }
        }
    }
}
