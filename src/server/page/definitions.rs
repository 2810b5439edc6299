//! The definitions: which kind of work is ill.

use maud::{Markup, html};

use super::board_facts::BoardFacts;
use super::board_figures::DefinitionFigures;
use super::components::marks::{StateMark, state_pill, state_word};
use super::components::pictures::strip_of;
use super::components::shell::{NavPlace, page_head};
use super::list_page::ListPage;
use super::mutes;
use super::page_clock::span;
use super::page_content::PageContent;
use super::visit::Visit;
use super::wording::{definition_link, name, quoted};
use crate::board::served::DefinitionRecord;
use crate::board::{BoardResult, EndFilter, EndedJob, JobState};
use crate::core::time::unix_millis;
use crate::text::counts::counted;

/// How many definitions a page has: each costs a query.
const PAGE: usize = 25;
/// How many jobs the strip has.
const PLACES: u32 = 30;

/// A definition with what is known of its jobs.
struct DefinitionRow<'a> {
    name: &'a str,
    record: Option<&'a DefinitionRecord>,
    figures: Option<&'a DefinitionFigures>,
    standing: DefinitionStanding,
}

/// How a definition stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DefinitionStanding {
    Down,
    Stuck,
    Unserved,
    Paused,
    Muted,
    Healthy,
    Idle,
}

impl DefinitionRow<'_> {
    fn project(&self) -> Option<&str> {
        self.record
            .and_then(|record| record.entry.project.as_deref())
    }
}

/// Returns the list of definitions.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageContent> {
    let facts = BoardFacts::of(visit)?;
    let known = visit.sight.definitions()?;
    let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
    let figures = facts.figures.definitions.keys().map(String::as_str);
    names.extend(figures.filter(|name| !known.contains_key(*name)));
    let mut rows: Vec<DefinitionRow<'_>> = names
        .into_iter()
        .map(|name| row_of(&facts, name, known.get(name)))
        .collect();
    let all = rows.len() as u64;
    let down = rows
        .iter()
        .filter(|row| row.standing == DefinitionStanding::Down)
        .count();
    let unserved = rows
        .iter()
        .filter(|row| row.standing == DefinitionStanding::Unserved)
        .count();
    if let Some(text) = visit.query("q") {
        let wanted = text.to_lowercase();
        let help = |row: &DefinitionRow<'_>| {
            row.record
                .map(|it| it.entry.help.to_lowercase())
                .unwrap_or_default()
        };
        rows.retain(|row| row.name.to_lowercase().contains(&wanted) || help(row).contains(&wanted));
    }
    rows.sort_by_key(|row| {
        (
            row.project().map(str::to_owned),
            row.standing,
            row.name.to_owned(),
        )
    });
    let page = ListPage::of(visit, rows.len(), PAGE);
    let shown = &rows[page.rows()];
    let title = counted(all, "definition", "definitions");
    let sentence = html! {
        @match (down, unserved) {
            (0, 0) => { "None is down. " }
            (down, 0) => { b class="bad" { (down) " down" } ". " }
            (0, unserved) => { b class="bad" { (unserved) " not served by any worker" } ". " }
            (down, unserved) => { b class="bad" { (down) " down, " (unserved) " not served" } ". " }
        }
        "The worst come first within each project."
    };
    let search = html! {
        form class="row" role="search" aria-label="These definitions" action="/definitions" {
            input type="search" name="q" value=(visit.query("q").unwrap_or_default()) aria-label="Filter definitions" placeholder="Name or help";
            button { "Filter" }
        }
    };
    let mut body = Vec::new();
    for row in shown {
        body.push((row, table_row(visit, &facts, row)?));
    }
    let markup = html! {
        (page_head(&html! { "Definitions" }, &html! { (title) }, &sentence, &search))
        (table(&body, visit))
        (page.links(visit, "/definitions", &["q"]))
    };
    let mut content = PageContent::new(NavPlace::Definitions, title);
    content.is_bad = down + unserved > 0;
    Ok(content.live("definitions", markup))
}

fn row_of<'a>(
    facts: &'a BoardFacts,
    name: &'a str,
    record: Option<&'a DefinitionRecord>,
) -> DefinitionRow<'a> {
    let figures = facts.figures.definitions.get(name);
    DefinitionRow {
        name,
        record,
        figures,
        standing: standing(facts, name, record, figures),
    }
}

fn standing(
    facts: &BoardFacts,
    name: &str,
    record: Option<&DefinitionRecord>,
    figures: Option<&DefinitionFigures>,
) -> DefinitionStanding {
    let project = record.and_then(|record| record.entry.project.as_deref());
    let waits = figures.is_some_and(|figures| figures.waiting() > 0);
    let needs = record
        .map(|record| record.entry.needs.as_slice())
        .unwrap_or_default();
    let is_served = record.is_some_and(|record| record.sessions > 0)
        && facts
            .workers
            .iter()
            .any(|worker| worker.serves() && worker.has(needs));
    match figures {
        _ if facts.is_down(name) => DefinitionStanding::Down,
        Some(figures) if figures.count(JobState::Stuck) > 0 => DefinitionStanding::Stuck,
        _ if facts.pause_of(name, project).is_some() => DefinitionStanding::Paused,
        _ if waits && !is_served => DefinitionStanding::Unserved,
        _ if mutes::of_definition(&facts.mutes, name).is_some() => DefinitionStanding::Muted,
        Some(_) => DefinitionStanding::Healthy,
        None => DefinitionStanding::Idle,
    }
}

fn table(rows: &[(&DefinitionRow<'_>, Markup)], visit: &Visit<'_>) -> Markup {
    let zone = visit.clock.zone_word();
    html! {
        section class="card" {
            table class="stack first" {
                caption class="hidden" { "Definitions with their last jobs" }
                thead {
                    tr {
                        th scope="col" { "now" } th scope="col" { "definition" } th scope="col" { "last " (PLACES) " jobs" }
                        th scope="col" class="n" { "failed, 24 h" } th scope="col" class="n" { "median, longest" }
                        th scope="col" class="n" { "running" } th scope="col" { "next (" (zone) ")" }
                    }
                }
                tbody {
                    @for (at, (row, markup)) in rows.iter().enumerate() {
                        @let before = at.checked_sub(1).map(|at| rows[at].0.project());
                        @if before != Some(row.project()) {
                            tr class="bandrow" { th scope="rowgroup" colspan="7" { @match row.project() { Some(project) => { (name(project)) } None => { span class="quiet" { "of no project" } } } } }
                        }
                        (markup)
                    }
                    @if rows.is_empty() { tr { td colspan="7" class="quiet full" { "No definition matches. A worker enters those of its configuration when it starts." } } }
                }
            }
        }
    }
}

fn table_row(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    row: &DefinitionRow<'_>,
) -> BoardResult<Markup> {
    let jobs = visit.sight.ended_jobs(&EndFilter {
        definition: Some(row.name.to_owned()),
        limit: PLACES,
        ..EndFilter::default()
    })?;
    let (median, longest) = durations(&jobs);
    let count = |state| row.figures.map_or(0, |figures| figures.count(state));
    let waiting = row.figures.map_or(0, DefinitionFigures::waiting);
    let failed = row.figures.map_or(0, DefinitionFigures::failed);
    let next = facts
        .schedules
        .iter()
        .filter(|one| one.spec.job == row.name && one.pause.is_none());
    let next = next.filter_map(|one| one.next).min();
    let help = row
        .record
        .map(|record| record.entry.help.as_str())
        .unwrap_or_default();
    let limit = row.record.and_then(|record| record.entry.limit);
    let is_bad = matches!(
        row.standing,
        DefinitionStanding::Down | DefinitionStanding::Stuck | DefinitionStanding::Unserved
    );
    Ok(html! {
        tr class=[is_bad.then_some("alarm")] data-k={ "d" (row.name) } {
            td { (standing_word(row.standing)) }
            th scope="row" class="full" {
                (definition_link(row.name)) " " span class="quiet small wide" { (quoted(help)) }
                (under(visit, facts, row))
            }
            td class="full pic" { (strip_of(&jobs, PLACES as usize, row.name)) }
            td class="n" data-l="failed" { @if failed == 0 { span class="quiet" { "0" } } @else { (facts.figures.words(failed)) } }
            td class="n" data-l="median" { @match median { Some(median) => { (span(median)) span class="under wide" { (span(longest)) } } None => { "–" } } }
            td class="n" data-l="running" {
                (count(JobState::Running)) @if let Some(limit) = limit { " of " (limit) }
                @if waiting > 0 { span class={ "under " (if is_bad { "warn" } else { "" }) } { (facts.figures.words(waiting)) " waiting" } }
            }
            td class="t" data-l="next" { @match next { Some(at) => { (visit.clock.bare(at)) span class="under" { (visit.clock.distance(at)) } } None => { "–" } } }
        }
    })
}

fn standing_word(standing: DefinitionStanding) -> Markup {
    match standing {
        DefinitionStanding::Down => state_pill(StateMark::FAILED, "down"),
        DefinitionStanding::Stuck => state_pill(StateMark::STUCK, "stuck"),
        DefinitionStanding::Unserved => state_pill(StateMark::ALARM, "unserved"),
        DefinitionStanding::Paused => state_pill(StateMark::PAUSED, "paused"),
        DefinitionStanding::Muted => state_pill(StateMark::PAUSED, "muted"),
        DefinitionStanding::Healthy => state_word(StateMark::OK, "healthy"),
        DefinitionStanding::Idle => state_word(StateMark::SKIPPED, "no jobs"),
    }
}

/// Returns since when a definition stands as it does.
fn under(visit: &Visit<'_>, facts: &BoardFacts, row: &DefinitionRow<'_>) -> Markup {
    let clock = &visit.clock;
    let stuck = row
        .figures
        .map_or(0, |figures| figures.count(JobState::Stuck));
    let outage = facts
        .outage(row.name)
        .map(|outage| unix_millis(outage.started.wall));
    let last = row
        .figures
        .and_then(|figures| figures.last_failure.as_ref())
        .map(|last| last.at);
    html! {
        @match row.standing {
            DefinitionStanding::Down => {
                @if let Some(at) = outage { span class="under bad" { "since " (clock.time(at)) ", " (clock.since(at)) } }
                @else if let Some(at) = last { span class="under bad" { "failed last at " (clock.time(at)) } }
            }
            DefinitionStanding::Stuck => { span class="under bad" { (counted(stuck, "job is stuck", "jobs are stuck")) } }
            DefinitionStanding::Unserved => { span class="under bad" { "no worker that serves can do it" } }
            DefinitionStanding::Paused => { @if let Some(pause) = facts.pause_of(row.name, row.project()) { span class="under warn" { "by " (name(&pause.by)) " since " (clock.time(pause.since)) } } }
            DefinitionStanding::Muted => { @if let Some(mute) = mutes::of_definition(&facts.mutes, row.name) { span class="under" { "until " (clock.time(unix_millis(mute.until))) ", by " (name(&mute.by)) } } }
            DefinitionStanding::Healthy | DefinitionStanding::Idle => {}
        }
    }
}

/// Returns the median and the longest time of the jobs that succeeded, in milliseconds.
pub(super) fn durations(jobs: &[EndedJob]) -> (Option<i64>, i64) {
    let succeeded = jobs.iter().filter(|job| job.state == JobState::Succeeded);
    let mut took: Vec<i64> = succeeded
        .filter_map(|job| Some(job.ended - job.began?))
        .collect();
    took.sort_unstable();
    (
        took.get(took.len() / 2).copied(),
        took.last().copied().unwrap_or(0),
    )
}
