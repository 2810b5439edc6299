//! The chains of the host of the server: its own tasks.

use maud::{Markup, html};

use super::components::marks::{StateMark, mark, state_pill, state_word};
use super::components::pictures::spark;
use super::components::shell::{NavPlace, page_head};
use super::page_clock::span;
use super::page_content::PageContent;
use super::visit::Visit;
use super::wording::{name, quoted, said};
use crate::board::BoardResult;
use crate::core::time::{unix_millis, whole_millis};
use crate::status::host_chains;
use crate::status::snapshot::{ChainStatus, Liveness, StatusSnapshot, TaskStatus};
use crate::status::words;
use crate::text::counts::counted;
use crate::unix::live::Activity;

/// How many chains are shown.
const MOST: usize = 50;
/// How many tasks of each.
const MOST_OF_A_CHAIN: usize = 40;

/// Returns the page of the chains.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageContent> {
    let seen = host_chains::of_host(visit.request.settings);
    let (title, sentence, body, is_bad) = match &seen {
        Err(error) => (
            "The chains cannot be looked at".to_owned(),
            html! { (said(&error.to_string())) },
            html! {},
            true,
        ),
        Ok(seen) if seen.chains.is_empty() => (
            "No chain was ever run on this host".to_owned(),
            html! { "A chain repeats its tasks for ever on one machine: " code { "run_functions TASK…" } "." },
            html! {},
            false,
        ),
        Ok(seen) => shown(visit, seen),
    };
    let of = if is_bad {
        StateMark::FAILED
    } else {
        StateMark::OK
    };
    let markup = html! {
        (page_head(&html! { "Chains of this host" }, &html! { (mark(of)) (title) }, &sentence, &html! {}))
        (body)
    };
    let mut content = PageContent::new(NavPlace::Chains, title);
    content.is_bad = is_bad;
    Ok(content.live("chains", markup))
}

fn shown(visit: &Visit<'_>, seen: &StatusSnapshot) -> (String, Markup, Markup, bool) {
    let tasks: usize = seen.chains.iter().map(|chain| chain.tasks.len()).sum();
    let down = seen
        .chains
        .iter()
        .flat_map(|chain| &chain.tasks)
        .filter(|task| task.down.is_some())
        .count();
    let stopped = seen
        .chains
        .iter()
        .filter(|chain| matches!(chain.standing, Liveness::Stopped))
        .count();
    let title = format!(
        "{} in {}",
        counted(tasks as u64, "task", "tasks"),
        counted(seen.chains.len() as u64, "chain", "chains")
    );
    let sentence = html! {
        @match down { 0 => { "None is down. " } down => { b class="bad" { (down) " down" } ". " } }
        @if stopped > 0 { (counted(stopped as u64, "chain does not run", "chains do not run")) ". " }
        "A chain repeats for ever on one machine; these are the ones of the server's host."
        @if let Some(broken) = &seen.mail.broken { " Mail does not leave: " (quoted(&broken.trouble.line())) }
    };
    let zone = visit.clock.zone_word();
    let body = html! {
        section class="card" {
            table class="stack first" {
                caption class="hidden" { "Tasks of the chains" }
                thead { tr { th scope="col" { "now" } th scope="col" { "task" } th scope="col" { "took, last runs" } th scope="col" { "last run (" (zone) ")" } } }
                tbody {
                    @for chain in seen.chains.iter().take(MOST) {
                        tr class="bandrow" { th scope="rowgroup" colspan="4" { (name(chain.name.as_str())) " " span class="quiet" { (quoted(&words::state(chain, seen.now))) } } }
                        @for (at, task) in chain.tasks.iter().take(MOST_OF_A_CHAIN).enumerate() { (row(visit, chain, task, at)) }
                    }
                }
            }
            @if seen.chains.len() > MOST { div class="pager" { span class="quiet" { "The first " (MOST) " chains; " code { "run_functions status" } " shows all." } } }
        }
    };
    (title, sentence, body, down > 0 || stopped > 0)
}

fn row(visit: &Visit<'_>, chain: &ChainStatus, task: &TaskStatus, at: usize) -> Markup {
    let clock = &visit.clock;
    let is_running = matches!(chain.doing, Activity::Running { step, .. } if step == at);
    let ticks: Vec<u64> = task
        .past
        .recent
        .iter()
        .map(|tick| u64::try_from(tick.0.as_millis()).unwrap_or(0))
        .collect();
    let (shortest, longest) = (ticks.iter().min().copied(), ticks.iter().max().copied());
    let range = |millis: Option<u64>| span(i64::try_from(millis.unwrap_or(0)).unwrap_or(0));
    let took = format!("{} to {}", range(shortest), range(longest));
    html! {
        tr class=[task.down.is_some().then_some("alarm")] data-k={ (chain.name.as_str()) "/" (task.label) } {
            td { (standing(chain, task, is_running)) }
            th scope="row" class="full" {
                b { (name(&task.label)) }
                @if let Some(down) = &task.down {
                    span class="under bad" { "since " (clock.time(unix_millis(down.since))) ", " (counted(down.failures, "failure", "failures")) }
                    (said(&down.latest))
                }
                @if let Some(mute) = chain.mute(Some(&task.label)).or_else(|| chain.mute(None)) {
                    span class="under" { "no mails until " (clock.time(unix_millis(mute.mute.until))) ", by " (name(&mute.mute.by)) @if !mute.mute.reason.is_empty() { ": “" (quoted(&mute.mute.reason)) "”" } }
                }
            }
            td class="full pic sparkcell" { @if ticks.len() > 1 { (spark(&ticks, &format!("How long the last {} runs took: {took}", ticks.len()))) span class="under" { (took) } } }
            td data-l="last" { @if let Some(last) = &task.past.last { (clock.exact(unix_millis(last.ended.time()))) span class="under" { "took " (span(whole_millis(last.took))) } } @else { "–" } }
        }
    }
}

fn standing(chain: &ChainStatus, task: &TaskStatus, is_running: bool) -> Markup {
    let is_stopped = matches!(chain.standing, Liveness::Stopped);
    let is_muted = chain.muted_until(&task.label).is_some();
    match (&task.down, task.late) {
        (Some(_), _) => state_pill(StateMark::FAILED, "down"),
        (None, Some(_)) => state_pill(StateMark::ALARM, "still running"),
        _ if is_muted => state_pill(StateMark::PAUSED, "muted"),
        _ if is_stopped => state_word(StateMark::SKIPPED, "does not run"),
        _ if is_running => state_word(StateMark::RUNNING, "running now"),
        _ if task.past.asks > 0 => state_word(StateMark::WAITING, "asks for later"),
        _ if task.past.healthy_since.is_some() => state_word(StateMark::OK, "healthy"),
        _ => state_word(StateMark::WAITING, "unknown"),
    }
}
