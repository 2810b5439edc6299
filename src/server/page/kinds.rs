//! What failed alike.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::components::pictures::result_strip;
use super::jobs_filter::JobsFilter;
use super::visit::Visit;
use super::wording::{address, definition_link, kind, said};
use crate::board::{BoardResult, EndFilter, EndedJob, JobState};
use crate::server::page::components::action::{ActionButton, button};
use crate::server::viewer::Role;
use crate::text::counts::{counted, grouped};

/// How many failures are sorted into kinds.
const SORTED: u32 = 300;
/// How many kinds have a row.
const MOST: usize = 8;
/// The places of the strip: hours.
const HOURS: usize = 24;

/// Jobs that failed alike.
struct AlikeFailures<'a> {
    last: &'a EndedJob,
    count: u64,
    hours: [u64; HOURS],
}

/// Returns the kinds of the jobs that ended so, the latest first.
///
/// # Errors
///
/// Those of the board.
pub(super) fn table(visit: &Visit<'_>, filter: &JobsFilter) -> BoardResult<Markup> {
    let ended = visit.sight.ended_jobs(&EndFilter {
        definition: filter.definition.clone(),
        is_of_failures: true,
        limit: SORTED,
        ..EndFilter::default()
    })?;
    let is_cut = ended.len() >= SORTED as usize;
    let wanted = |job: &&EndedJob| {
        Some(job.state) == filter.state
            && filter
                .kind
                .as_ref()
                .is_none_or(|of| job.kind.as_ref() == Some(of))
    };
    let jobs: Vec<&EndedJob> = ended.iter().filter(wanted).collect();
    let mut by_kind: BTreeMap<(&str, &str), AlikeFailures<'_>> = BTreeMap::new();
    for job in &jobs {
        let of = (
            job.definition.as_str(),
            job.kind.as_deref().unwrap_or_default(),
        );
        let alike = by_kind.entry(of).or_insert(AlikeFailures {
            last: job,
            count: 0,
            hours: [0; HOURS],
        });
        alike.count += 1;
        let ago = usize::try_from((visit.clock.now - job.ended) / 3_600_000).unwrap_or(HOURS);
        if ago < HOURS {
            alike.hours[HOURS - 1 - ago] += 1;
        }
    }
    let mut kinds: Vec<AlikeFailures<'_>> = by_kind.into_values().collect();
    kinds.sort_by_key(|alike| std::cmp::Reverse(alike.last.ended));
    if kinds.is_empty() {
        return Ok(html! {});
    }
    let (all, of) = (kinds.len(), jobs.len() as u64);
    let zone = visit.clock.zone_word();
    Ok(html! {
        section class="card" {
            table class="stack" {
                caption {
                    h2 { "By kind" } " " (counted(all as u64, "kind", "kinds")) " among "
                    @if is_cut { "the last " } (counted(of, "job", "jobs")) ", the latest first"
                }
                thead { tr { th scope="col" class="n" { "jobs" } th scope="col" { "what failed, alike" } th scope="col" { "last 24 h" } th scope="col" { "last (" (zone) ")" } th scope="col" { span class="hidden" { "actions" } } } }
                tbody { @for alike in kinds.iter().take(MOST) { (row(visit, filter, alike)) } }
            }
            @if all > MOST { div class="pager" { span class="quiet" { (all - MOST) " more kinds" } } }
        }
    })
}

fn row(visit: &Visit<'_>, filter: &JobsFilter, alike: &AlikeFailures<'_>) -> Markup {
    let state = filter.state.map_or("failed", JobState::word);
    let definition = alike.last.definition.as_str();
    let of_kind = alike.last.kind.as_deref();
    let mut query = vec![("state", state), ("definition", definition)];
    query.extend(of_kind.map(|of| ("kind", of)));
    let states = alike.hours.map(|count| {
        if count > 0 {
            JobState::Failed
        } else {
            JobState::Cancelled
        }
    });
    let label = format!(
        "{} in the last 24 hours, by the hour",
        counted(alike.hours.iter().sum(), "failure", "failures")
    );
    let can_retry = matches!(filter.state, Some(JobState::Failed | JobState::Stuck));
    let text = alike.last.reason.as_deref().unwrap_or("no reason is known");
    html! {
        tr {
            td class="n" { b { (grouped(alike.count)) } " ×" }
            th scope="row" class="kindcell full" {
                (said(text))
                span class="under" { (definition_link(definition)) @if let Some(of) = of_kind { ", kind " (kind(of)) } }
            }
            td class="full pic" { div class="strip short" { (result_strip(&states, HOURS, &label)) } }
            td class="t" data-l="last" { (visit.clock.bare(alike.last.ended)) span class="under wide" { (visit.clock.distance(alike.last.ended)) } }
            td class="n full" {
                div class="row" {
                    a class="button" href={ (address("/jobs", &query)) "#list" } { "Show" }
                    @if can_retry { (retry(visit, state, definition, of_kind, alike.count)) }
                }
            }
        }
    }
}

fn retry(
    visit: &Visit<'_>,
    state: &str,
    definition: &str,
    of_kind: Option<&str>,
    count: u64,
) -> Markup {
    let rest = html! {
        input type="hidden" name="which" value="all";
        input type="hidden" name="state" value=(state);
        @if let Some(of) = of_kind { input type="hidden" name="kind" value=(of); }
    };
    let word = format!("Retry {count}…");
    button(
        visit,
        Role::Operate,
        &ActionButton {
            choice: Some(rest),
            ..ActionButton::new("retry", &word, ("definition", definition))
        },
    )
}
