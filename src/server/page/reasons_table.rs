//! Why jobs wait, by definition: one job of each is asked about.

use maud::{Markup, html};

use super::board_figures::{BoardFigures, DefinitionFigures};
use super::jobs_filter::JobsFilter;
use super::visit::Visit;
use super::waiting::reasons;
use super::wording::{address, definition_link, quoted};
use crate::board::{BoardResult, JobRecord, JobState};

/// How many definitions are asked about: those with most jobs.
const MOST: usize = 6;

/// Returns why jobs in a state wait; `jobs`: those that are listed below. The board has no quick
/// way to the first job of a definition that waits.
///
/// # Errors
///
/// Those of the board.
pub(super) fn table(
    visit: &Visit<'_>,
    filter: &JobsFilter,
    figures: &BoardFigures,
    jobs: &[JobRecord],
) -> BoardResult<Markup> {
    let state = filter.state.unwrap_or(JobState::Waiting);
    let all = figures.definitions.iter();
    let all = all.filter(|(name, one)| {
        one.count(state) > 0 && filter.definition.as_ref().is_none_or(|it| it == *name)
    });
    let mut all: Vec<(&String, &DefinitionFigures)> = all.collect();
    all.sort_by_key(|(_, one)| std::cmp::Reverse(one.count(state)));
    if all.is_empty() {
        return Ok(html! {});
    }
    let mut rows = Vec::new();
    for (name, one) in all.iter().take(MOST) {
        let newest = jobs.iter().find(|job| job.definition == **name);
        rows.push(row(
            visit,
            name,
            state,
            &figures.words(one.count(state)),
            newest,
        )?);
    }
    Ok(html! {
        section class="card" {
            table class="stack" {
                caption { h2 { "Why they wait" } " of each definition the newest one below is asked about" }
                thead { tr { th scope="col" class="n" { "jobs" } th scope="col" { "definition" } th scope="col" { "why its newest waits" } th scope="col" { span class="hidden" { "actions" } } } }
                tbody { @for row in &rows { (row) } }
            }
            @if all.len() > MOST { div class="pager" { span class="quiet" { (all.len() - MOST) " more definitions have such jobs" } } }
        }
    })
}

fn row(
    visit: &Visit<'_>,
    name: &str,
    state: JobState,
    count: &str,
    newest: Option<&JobRecord>,
) -> BoardResult<Markup> {
    let why = match newest {
        Some(job) => reasons(visit, job.id)?,
        None => vec!["none of them is among those below".to_owned()],
    };
    let href = address("/jobs", &[("state", state.word()), ("definition", name)]);
    Ok(html! {
        tr {
            td class="n" { b { (count) } }
            th scope="row" { (definition_link(name)) }
            td class="full" { @for one in &why { span class="block" { (quoted(one)) } } @if why.is_empty() { span class="quiet" { "nothing holds it up: it is about to be claimed" } } }
            td class="full" { a class="button" href={ (href) "#list" } { "Show" } }
        }
    })
}
