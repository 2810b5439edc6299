//! A definition: where it always fails.

use maud::{Markup, html};

use super::board_facts::BoardFacts;
use super::components::action::{ActionButton, button};
use super::components::figures::facts as fact_list;
use super::components::marks::{StateMark, mark};
use super::components::problem::{Problem, problem_list};
use super::components::runs_by_steps::{COLUMNS, ColumnJob, runs_by_steps};
use super::components::shell::{NavPlace, page_head};
use super::definitions::durations;
use super::failure_run::FailureRun;
use super::mutes;
use super::notices;
use super::page_clock::span;
use super::page_content::PageContent;
use super::step_track::tracks;
use super::visit::Visit;
use super::wording::{address, definition_link, kind, name, plain_words, quoted, said};
use crate::board::served::DefinitionRecord;
use crate::board::{BoardResult, EndFilter, EndedJob, JobState};
use crate::core::time::unix_millis;
use crate::job::JobSchema;
use crate::report::capitalised;
use crate::server::viewer::Role;
use crate::text::counts::counted;

/// Returns the page of a definition; `None` where the user may see no such definition.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>, of: &str) -> BoardResult<Option<PageContent>> {
    let facts = BoardFacts::of(visit)?;
    let record = visit.sight.definition(of)?;
    if record.is_none() && !facts.figures.definitions.contains_key(of) {
        return Ok(None);
    }
    let jobs = visit.sight.ended_jobs(&EndFilter {
        definition: Some(of.to_owned()),
        limit: COLUMNS as u32,
        ..EndFilter::default()
    })?;
    let is_down = facts.is_down(of);
    let shown = plain_words(of, 60);
    let title = format!("{shown}{}", if is_down { " is down" } else { "" });
    let mut content = PageContent::new(NavPlace::Definitions, title);
    content.is_bad = is_down;
    let content = content.live("definition-head", head(visit, &facts, of, record, &jobs)?);
    // The picture costs a query a job, so that it stays as it was loaded.
    let content = match visit.query("fragment") {
        Some(_) => content,
        None => content.still(picture(visit, of, jobs)?),
    };
    let content = content.still(html! {
        div class="section grid2" { (about(visit, &facts, of, record)) (arguments(record)) }
    });
    Ok(Some(content))
}

fn head(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    of: &str,
    record: Option<&DefinitionRecord>,
    jobs: &[EndedJob],
) -> BoardResult<Markup> {
    let is_down = facts.is_down(of);
    let project = record.and_then(|record| record.entry.project.as_deref());
    let kicker = html! { a href="/definitions" { "Definitions" } @if let Some(project) = project { " / " (name(project)) } };
    let verdict = html! {
        (mark(if is_down { StateMark::FAILED } else { StateMark::OK })) (name(of)) @if is_down { " is down" }
    };
    let outage = facts
        .outage(of)
        .map(|outage| unix_millis(outage.started.wall));
    let row = FailureRun::of(jobs);
    let since = outage.or_else(|| row.since()).filter(|_| is_down);
    let sentence = html! {
        @if let Some(since) = since { "Since " (visit.clock.time(since)) ", " (visit.clock.since(since)) ". " }
        @if let Some(record) = record { (quoted(&record.entry.help)) } @else { "No worker has entered it on the board." }
    };
    Ok(html! {
        (page_head(&kicker, &verdict, &sentence, &actions(visit, facts, of, record)))
        (notices::last(visit, &format!("definition {of}"))?)
        @if is_down { (why(visit, facts, of, &row)) }
    })
}

fn actions(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    of: &str,
    record: Option<&DefinitionRecord>,
) -> Markup {
    let object = ("definition", of);
    let pause = facts
        .pauses
        .iter()
        .any(|pause| pause.scope.parts() == object);
    let is_muted = mutes::of_definition(&facts.mutes, of).is_some();
    let pause = if pause {
        ("definition-resume", "Resume…")
    } else {
        ("definition-pause", "Pause…")
    };
    let mute = if is_muted {
        ("unmute", "End the mute…")
    } else {
        ("mute", "Mute…")
    };
    html! {
        div class="row" {
            @if record.is_some() {
                @if visit.may(Role::Post) { a class="button" href=(address("/post", &[("definition", of)])) { "Post a job…" } }
                @else { button disabled title="takes the role post" { "Post a job" span class="hidden" { ", takes the role post" } } }
            }
            (button(visit, Role::Operate, &ActionButton::new(pause.0, pause.1, object)))
            (button(visit, Role::Operate, &ActionButton::new(mute.0, mute.1, object)))
        }
    }
}

/// Returns what its failures since the last success have in common.
fn why(visit: &Visit<'_>, facts: &BoardFacts, of: &str, row: &FailureRun) -> Markup {
    const MOST: usize = 3;
    let next = facts
        .schedules
        .iter()
        .filter(|one| one.spec.job == of && one.pause.is_none());
    let next = next.filter_map(|one| one.next).min();
    let problem = Problem {
        what: html! { (capitalised(&row.words())) },
        since: html! { @if let Some(next) = next { p class="quiet small" { "next job " (visit.clock.time(next)) ", " (visit.clock.distance(next)) } } },
        why: html! {
            @for alike in row.kinds().iter().take(MOST) {
                (said(alike.last.reason.as_deref().unwrap_or("no reason is known")))
                p class="quiet small" { (alike.count) " ×" @if !alike.kind.is_empty() { ", kind " (kind(alike.kind)) } ", the last at " (visit.clock.time(alike.last.ended)) ": " a href={ "/jobs/" (alike.last.id) } { "job " (alike.last.id) } "." }
            }
        },
        remedy: html! { p { "Mend the cause; the first success ends the outage." } },
        actions: html! { a class="button primary" href=(address("/jobs", &[("state", "failed"), ("definition", of)])) { "See the failures" } },
        words: String::new(),
    };
    problem_list(&[problem], "Why, and what to do")
}

fn picture(visit: &Visit<'_>, of: &str, jobs: Vec<EndedJob>) -> BoardResult<Markup> {
    let (median, longest) = durations(&jobs);
    let mut columns = Vec::new();
    for job in jobs.into_iter().rev() {
        let journal = visit.sight.board().journal(job.id)?;
        columns.push(ColumnJob {
            tracks: tracks(&journal, None, visit.clock.now),
            job,
        });
    }
    if columns.is_empty() {
        return Ok(html! {
            section class="card pad section" { h2 { "The last jobs" } p class="quiet" { "No job of " (name(of)) " has ended yet, or none is kept." } }
        });
    }
    let bad = columns
        .iter()
        .filter(|column| column.job.state != JobState::Succeeded)
        .count() as u64;
    Ok(html! {
        div class="section" {
            figure class="card pad" {
                div class="title" { h2 { "The last " (counted(columns.len() as u64, "job", "jobs")) ", step by step" } (legend()) }
                p class="quiet small" {
                    (bad) " did not succeed"
                    @if let Some(median) = median { "; those that did took " (span(median)) " (median), " (span(longest)) " at most" }
                    ". Each column is a job, the newest at the right."
                }
                (runs_by_steps(&columns, &visit.clock))
            }
        }
    })
}

fn legend() -> Markup {
    let entry = |paths: &[(&str, &str)], word: &str| {
        html! { li { svg aria-hidden="true" viewBox="0 0 12 12" { @for (class, path) in paths { path class=(class) d=(path) {} } } (word) } }
    };
    html! {
        ul class="legend" {
            (entry(&[("o", "M0 6h12v6H0z")], "succeeded"))
            (entry(&[("o", "M0 1h12v10H0z"), ("w", "M0 1h12v4H0z")], "after a retry"))
            (entry(&[("f", "M0 0h12v12H0z")], "failed"))
            (entry(&[("x", "M0 5h12v2H0z")], "skipped"))
            li { "empty: not begun" }
        }
    }
}

fn about(
    visit: &Visit<'_>,
    facts: &BoardFacts,
    of: &str,
    record: Option<&DefinitionRecord>,
) -> Markup {
    let schema = record.map(|record| JobSchema::deserialize_of(&record.entry.schema));
    let figures = facts.figures.definitions.get(of);
    let mut rows: Vec<(&str, Markup)> = Vec::new();
    if let Some(record) = record {
        let tags = html! { @if record.entry.needs.is_empty() { "no tag" } @for tag in &record.entry.needs { span class="tag" { (name(tag)) } " " } };
        rows.push(("needs", tags));
        rows.push(("workers", html! { (counted(record.sessions, "live worker knows", "live workers know")) " this shape" }));
        rows.push((
            "shape",
            html! { "first seen " (visit.clock.time(record.first_seen)) },
        ));
    }
    if let Some(schema) = &schema {
        let ms = |span: Option<std::time::Duration>| {
            span.and_then(|it| i64::try_from(it.as_millis()).ok())
        };
        if let Some(limit) = schema.limit {
            rows.push(("limit", html! { (limit) " at once" @if let Some(by) = &schema.limit_by { " for each " (name(by)) } }));
        }
        let spans = [
            ("lease", ms(schema.lease)),
            ("expires", ms(schema.expires)),
            ("time limit", ms(schema.time_limit)),
        ];
        rows.extend(
            spans
                .into_iter()
                .filter_map(|(word, ms)| Some((word, html! { (span(ms?)) }))),
        );
        if !schema.then.is_empty() {
            rows.push(("then", html! { @for (at, next) in schema.then.iter().enumerate() { @if at > 0 { ", " } (definition_link(next)) } }));
        }
        if schema.every_worker {
            rows.push((
                "each post",
                html! { "a job for each live worker that can do it" },
            ));
        }
    }
    let count = |state| figures.map_or(0, |figures| figures.count(state));
    rows.push(("now", html! { (count(JobState::Running)) " running, " (figures.map_or(0, super::board_figures::DefinitionFigures::waiting)) " waiting, " (count(JobState::Stuck)) " stuck" }));
    let schedules: Vec<_> = facts
        .schedules
        .iter()
        .filter(|one| one.spec.job == of)
        .collect();
    if !schedules.is_empty() {
        rows.push(("schedules", html! { @for (at, one) in schedules.iter().take(8).enumerate() { @if at > 0 { ", " } a href=(address("/schedules", &[("q", &one.name)])) { (name(&one.name)) } } }));
    }
    html! { section class="card pad" { h2 { "About this definition" } (fact_list(&rows)) } }
}

fn arguments(record: Option<&DefinitionRecord>) -> Markup {
    let schema = record.map(|record| JobSchema::deserialize_of(&record.entry.schema));
    let specs = schema.map(|schema| schema.args.specs).unwrap_or_default();
    html! {
        section class="card" {
            table class="stack" {
                caption { h2 { "Arguments" } @if specs.is_empty() { " none" } }
                thead { tr { th scope="col" { "name" } th scope="col" { "type" } th scope="col" { "what it is" } th scope="col" { "default" } } }
                tbody {
                    @for spec in &specs {
                        tr {
                            th scope="row" { (name(&spec.name)) }
                            td { (spec.kind.word()) @if spec.secret { ", secret" } }
                            td class="full" { (quoted(&spec.help)) }
                            td class="json" data-l="default" { @match &spec.default { Some(_) if spec.secret => { span class="hide" { "hidden" } } Some(value) => { bdi { (plain_words(&value.to_string(), 80)) } } None => { "–" } } }
                        }
                    }
                }
            }
        }
    }
}
