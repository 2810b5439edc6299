//! Jobs by state: what failed alike, why they wait, and each of them.

use maud::{Markup, html};

use super::arguments;
use super::board_facts;
use super::board_figures::BoardFigures;
use super::components::lists::{PagerLinks, choice, pager, state_tabs, tab_word};
use super::components::marks::{StateMark, job_state, state_word};
use super::components::shell::{NavPlace, page_head};
use super::job_search::{FoundJobs, find};
use super::jobs_filter::{JobsFilter, PAGE};
use super::kinds;
use super::notices;
use super::overview::steps;
use super::page_content::{PageContent, answer};
use super::page_request::PageAnswer;
use super::reasons_table;
use super::visit::Visit;
use super::wording::{address, definition_link, kind, name, said, worker_link};
use crate::board::{BoardResult, JobId, JobRecord, JobState};
use crate::report::capitalised;
use crate::server::viewer::Role;
use crate::text::counts::grouped;

/// Returns the list of jobs; for the number of one, the way to it.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let filter = JobsFilter::of_query(visit);
    if let Some(id) = filter
        .text
        .as_deref()
        .and_then(|text| text.trim().parse().ok())
        && visit.sight.job(JobId(id))?.is_some()
    {
        return Ok(PageAnswer::SeeOther(format!("/jobs/{id}")));
    }
    let figures = BoardFigures::of_now(&visit.sight)?;
    let title = title(&filter);
    let is_failure = matches!(
        filter.state,
        Some(JobState::Failed | JobState::Reverted | JobState::Stuck)
    );
    let mut content = PageContent::new(NavPlace::Jobs, title.clone());
    content.is_bad = is_failure && filter.state.is_some_and(|state| figures.count(state) > 0);
    let upto = visit
        .query("upto")
        .and_then(|id| id.parse().ok())
        .map(JobId);
    if visit.query("fragment").is_some() {
        content = content.live("jobs-head", head(visit, &filter, &title, &figures)?);
        let fresh = fresh_rows(visit, &filter, upto)?;
        return answer(
            visit,
            &content
                .keeping("upto", upto.unwrap_or(JobId(0)).to_string())
                .live("fresh", fresh),
        );
    }
    let found = find(visit, &filter)?;
    let first = found.jobs.first().map_or(0, |job| job.id.0);
    content = content.live("jobs-head", head(visit, &filter, &title, &figures)?);
    content = content.still(notices::last(visit, "")?);
    content = content.still(filter_bar(visit, &filter)?);
    content = match filter.state {
        Some(JobState::Failed | JobState::Reverted | JobState::Stuck) => {
            content.still(kinds::table(visit, &filter)?)
        }
        Some(JobState::Waiting | JobState::Limited) => {
            content.still(reasons_table::table(visit, &filter, &figures, &found.jobs)?)
        }
        _ => content,
    };
    if filter.before.is_none() {
        content = content
            .keeping("upto", first.to_string())
            .live("fresh", html! {});
    }
    content = content.still(list(visit, &filter, &found)?);
    answer(visit, &content)
}

fn title(filter: &JobsFilter) -> String {
    let state = match filter.state {
        None => "Jobs".to_owned(),
        Some(JobState::Limited) => "Jobs behind a limit".to_owned(),
        Some(state) => format!("{} jobs", tab_word(state)),
    };
    let of = filter
        .definition
        .as_ref()
        .map(|of| format!(" of {}", super::wording::plain_words(of, 60)));
    state + &of.unwrap_or_default()
}

fn head(
    visit: &Visit<'_>,
    filter: &JobsFilter,
    title: &str,
    figures: &BoardFigures,
) -> BoardResult<Markup> {
    let count: u64 = match filter.state {
        Some(state) => figures.count(state),
        None => super::components::lists::TABS
            .iter()
            .map(|state| figures.count(*state))
            .sum(),
    };
    let is_whole = filter.narrow_fields().is_empty() && filter.text.is_none();
    let pauses = board_facts::pauses(visit)?;
    let sentence = html! {
        @if is_whole && count == 0 { "None is on the board." }
        @else if is_whole { (figures.words(count)) " on the board." }
        @else { "Those that match, the newest first." }
        @if let Some(kind_of) = &filter.kind { " With a failure of kind " (kind(kind_of)) "." }
        @if !pauses.is_empty() && filter.state == Some(JobState::Waiting) {
            " " (pauses.len()) @if pauses.len() == 1 { " pause holds" } @else { " pauses hold" } " some of them back."
        }
    };
    let kept = filter.narrow_fields();
    let kept: Vec<(&str, &str)> = kept
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Ok(html! {
        (page_head(&html! { a href="/jobs" { "Jobs" } }, &html! { (title) }, &sentence, &html! {}))
        (state_tabs(figures, filter.state, &kept))
    })
}

/// Returns how many jobs were posted since the page was loaded: none is inserted above what is
/// read.
fn fresh_rows(visit: &Visit<'_>, filter: &JobsFilter, upto: Option<JobId>) -> BoardResult<Markup> {
    let Some(upto) = upto.filter(|_| filter.text.is_none()) else {
        return Ok(html! {});
    };
    let newer = visit.sight.jobs(&filter.board(PAGE))?;
    let count = newer.jobs.iter().filter(|job| job.id > upto).count() as u64;
    let more = if count >= u64::from(PAGE) {
        "more than "
    } else {
        ""
    };
    let fields = filter.fields();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Ok(html! {
        @if count > 0 {
            p class="section" { a href=(address("/jobs", &fields)) { (more) (grouped(count)) " newer: show them" } }
        }
    })
}

fn filter_bar(visit: &Visit<'_>, filter: &JobsFilter) -> BoardResult<Markup> {
    const MOST: usize = 200;
    let definitions = visit.sight.definitions()?;
    let mut projects: Vec<&str> = match visit.sight.only() {
        Some(only) => only.iter().map(String::as_str).collect(),
        None => definitions
            .values()
            .filter_map(|one| one.entry.project.as_deref())
            .collect(),
    };
    projects.sort_unstable();
    projects.dedup();
    let names = definitions.keys().map(String::as_str).take(MOST);
    Ok(html! {
        form class="filter" role="search" aria-label="These jobs" action="/jobs" {
            input type="hidden" name="state" value=(filter.state.map_or("all", JobState::word));
            @if let Some(kind) = &filter.kind { input type="hidden" name="kind" value=(kind); }
            @if let Some(batch) = filter.batch { input type="hidden" name="batch" value=(batch); }
            label class="grow" { "Find" input type="search" name="q" value=(filter.text.as_deref().unwrap_or_default()) placeholder="number, key, argument or text of the error"; }
            @if !projects.is_empty() { (choice("Project", "project", "all projects", projects.into_iter(), filter.project.as_deref())) }
            (choice("Definition", "definition", "all", names, filter.definition.as_deref()))
            button { "Filter" }
        }
    })
}

fn list(visit: &Visit<'_>, filter: &JobsFilter, found: &FoundJobs) -> BoardResult<Markup> {
    let may_act = visit.may(Role::Operate);
    let mut rows = Vec::new();
    for job in &found.jobs {
        rows.push(row(visit, job, may_act, filter.state.is_none())?);
    }
    let zone = visit.clock.zone_word();
    Ok(html! {
        form action="/confirm" class="card section" id="list" {
            table class="stack" {
                caption { h2 { "One by one" } " the newest first" @if let Some(note) = &found.note { " · " (note) } }
                thead {
                    tr {
                        @if may_act { th scope="col" { span class="hidden" { "selected" } } }
                        th scope="col" { "job" }
                        th scope="col" { "definition, arguments" }
                        @if filter.state.is_none() { th scope="col" { "now" } }
                        th scope="col" { "what" }
                        th scope="col" { "ended, else posted (" (zone) ")" }
                    }
                }
                tbody {
                    @for row in &rows { (row) }
                    @if rows.is_empty() { tr { td colspan="6" class="quiet full" { "No job matches." } } }
                }
            }
            (links(filter, found))
            @if may_act { (bulk_bar(filter, found)) }
        }
    })
}

fn row(
    visit: &Visit<'_>,
    job: &JobRecord,
    may_act: bool,
    shows_state: bool,
) -> BoardResult<Markup> {
    let clock = &visit.clock;
    let schema = visit.sight.schema(&job.definition)?;
    let args = arguments::line(&arguments::shown(schema.as_ref(), &job.args));
    let is_later =
        matches!(job.state, JobState::Waiting | JobState::Limited) && job.run_at > clock.now;
    let at = job.ended.unwrap_or(job.posted);
    Ok(html! {
        tr data-k={ "j" (job.id) } {
            @if may_act { td { input type="checkbox" name="job" value=(job.id) aria-label={ "Select job " (job.id) }; } }
            th scope="row" class="nowrap" { a href={ "/jobs/" (job.id) } { (job.id) } }
            td { span class="name" { (definition_link(&job.definition)) } @if !args.is_empty() { span class="under json" { bdi { (super::wording::plain_words(&args, 160)) } } } }
            @if shows_state { td { @if is_later { (state_word(StateMark::SCHEDULED, "scheduled")) } @else { (job_state(job.state)) } } }
            td class="full" { (what(visit, job, is_later)) }
            td class="t" data-l=(if job.ended.is_some() { "ended" } else { "posted" }) { (clock.exact(at)) span class="under wide" { (clock.distance(at)) } }
        }
    })
}

/// Returns what there is to know of a job in a row: what it does, waits for, or ended with.
fn what(visit: &Visit<'_>, job: &JobRecord, is_later: bool) -> Markup {
    html! {
        @if job.state == JobState::Running {
            (steps(job)) @if let Some(worker) = &job.worker { " on " (worker_link(worker)) }
            @if let Some(since) = job.doing.iter().map(|doing| doing.since).min() { ", " (visit.clock.since(since)) }
        } @else if is_later {
            @if job.has_begun { "its next try is " } @else { "it is " } "due at " (visit.clock.time(job.run_at))
        } @else if let Some(reason) = &job.reason { (said(reason)) }
        @if let Some(key) = &job.key { span class="under" { "key " (name(key)) } }
        @if job.crashes > 0 { span class="under warn" { (job.crashes) " crashes in a row" } }
        @if let Some(request) = &job.request { span class="under warn" { "asked to " (super::job::request_word(*request)) } }
    }
}

fn links(filter: &JobsFilter, found: &FoundJobs) -> Markup {
    let fields = filter.fields();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let older = found.next.map(|next| {
        let next = next.to_string();
        let mut fields = fields.clone();
        fields.push(("before", &next));
        address("/jobs", &fields)
    });
    let words = match (found.jobs.first(), found.jobs.last()) {
        (Some(first), Some(last)) => format!("Jobs {} to {}", first.id, last.id),
        _ => String::new(),
    };
    pager(&PagerLinks {
        words: capitalised(&words),
        newest: filter.before.map(|_| address("/jobs", &fields)),
        older,
        labels: ("Newest", "Older"),
    })
}

/// Returns what can be done with many jobs; out of sight until one is ticked.
fn bulk_bar(filter: &JobsFilter, found: &FoundJobs) -> Markup {
    let offers_all = filter.is_narrow() && filter.text.is_none();
    let upto = found.jobs.first().map_or(0, |job| job.id.0 + 1);
    html! {
        fieldset class="bulk row" {
            legend class="hidden" { "Do with many jobs" }
            @for (name, value) in filter.fields() { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="before" value=(filter.before.map_or(upto, |before| before.0));
            @if offers_all {
                label class="row" { input type="radio" name="which" value="ticked" checked; " the " span data-count="" {} " selected jobs" }
                label class="row" { input type="radio" name="which" value="all"; " all that match, 500 at most" }
            } @else { input type="hidden" name="which" value="ticked"; }
            @for (verb, word) in verbs(filter.state) { button name="do" value=(verb) { (word) } }
        }
    }
}

/// Returns what may be asked of jobs in a state.
fn verbs(state: Option<JobState>) -> &'static [(&'static str, &'static str)] {
    match state {
        Some(JobState::Failed) => &[("retry", "Retry…"), ("revert", "Revert…")],
        Some(JobState::Stuck) => &[
            ("retry", "Go on…"),
            ("revert", "Revert…"),
            ("cancel", "Cancel…"),
        ],
        Some(JobState::Waiting | JobState::Limited) => &[
            ("cancel", "Cancel…"),
            ("pause", "Pause…"),
            ("priority", "Priority…"),
        ],
        Some(JobState::Running) => &[("stop", "Stop…"), ("kill", "Kill…"), ("pause", "Pause…")],
        Some(JobState::Paused) => &[("resume", "Resume…"), ("cancel", "Cancel…")],
        Some(_) => &[],
        None => &[
            ("stop", "Stop…"),
            ("kill", "Kill…"),
            ("pause", "Pause…"),
            ("resume", "Resume…"),
            ("retry", "Retry…"),
        ],
    }
}
