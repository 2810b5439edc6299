//! The audit: the actions of users.

use maud::{Markup, html};

use super::components::lists::{PagerLinks, pager};
use super::components::marks::{StateMark, state_pill};
use super::components::shell::{NavPlace, page_head};
use super::notices::ASKED;
use super::page_content::PageContent;
use super::visit::Visit;
use super::wording::{address, definition_address, name, quoted};
use crate::board::BoardResult;
use crate::server::audit_entry::AuditEntry;
use crate::server::viewer::Role;

/// How many entries a page has.
const PAGE: usize = 50;
/// How many are read for that.
const READ: u32 = 400;

/// Returns the audit: for an administrator all actions, for others their own.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageContent> {
    let before = visit.query("before").and_then(|id| id.parse().ok());
    let read = visit.request.audit.entries(before, READ);
    let sees_others = visit.may(Role::Admin);
    let is_seen = |entry: &&AuditEntry| {
        let is_own = entry.by == visit.request.viewer.name;
        let is_allowed = visit.sees_all() || visit.sight.allows(entry.project.as_deref());
        is_own || (sees_others && is_allowed)
    };
    let wanted = visit.query("q").map(str::to_lowercase);
    let matches = |entry: &&AuditEntry| {
        let has = |text: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| text.to_lowercase().contains(wanted))
        };
        has(&entry.by)
            || has(&entry.object)
            || has(&entry.action)
            || entry.reason.as_deref().is_some_and(has)
    };
    let all = read.as_deref().unwrap_or_default();
    let shown: Vec<&AuditEntry> = all
        .iter()
        .enumerate()
        .filter(|(at, entry)| !is_followed(&all[..*at], entry))
        .map(|(_, entry)| entry)
        .filter(is_seen)
        .filter(matches)
        .take(PAGE)
        .collect();
    let last = match shown.len() == PAGE {
        true => shown.last().map(|entry| entry.id),
        false => all
            .last()
            .map(|entry| entry.id)
            .filter(|id| all.len() >= READ as usize && *id > 1),
    };
    let sentence = match sees_others {
        true => "Each action through this page and its API, with what it came to.",
        false => {
            "Your own actions, with what they came to; those of others are for administrators."
        }
    };
    let markup = html! {
        (page_head(&html! { "Audit" }, &html! { "The actions of users" }, &html! { (sentence) }, &html! {}))
        form class="filter" role="search" aria-label="This audit" action="/audit" {
            label class="grow" { "Find" input type="search" name="q" value=(visit.query("q").unwrap_or_default()) placeholder="user, action, job, worker, schedule or reason"; }
            button { "Filter" }
        }
        @if let Err(error) = &read { div class="notice s-bad" { p { "The audit cannot be read: " (quoted(&error.to_string())) } } }
        (table(visit, &shown, before, last))
    };
    Ok(PageContent::new(NavPlace::Elsewhere, "Audit".to_owned()).still(markup))
}

/// Returns whether a later entry has what an action that was asked for came to.
fn is_followed(newer: &[AuditEntry], entry: &AuditEntry) -> bool {
    let is_end = |it: &AuditEntry| {
        it.by == entry.by
            && it.action == entry.action
            && it.object == entry.object
            && it.outcome != ASKED
    };
    entry.outcome == ASKED && newer.iter().rev().take(20).any(is_end)
}

fn table(
    visit: &Visit<'_>,
    shown: &[&AuditEntry],
    before: Option<u64>,
    last: Option<u64>,
) -> Markup {
    let zone = visit.clock.zone_word();
    let text = visit.query("q").unwrap_or_default();
    let older = last.map(|id| {
        let id = id.to_string();
        address("/audit", &[("q", text), ("before", &id)])
    });
    html! {
        section class="card" {
            table class="stack first" {
                caption class="hidden" { "Actions, the newest first" }
                thead { tr { th scope="col" { "at (" (zone) ")" } th scope="col" { "by" } th scope="col" { "action" } th scope="col" { "what it came to" } th scope="col" { "reason" } } }
                tbody {
                    @for entry in shown {
                        tr {
                            td class="t" { (visit.clock.exact(entry.at)) span class="under wide" { (visit.clock.distance(entry.at)) } }
                            td { b { (name(&entry.by)) } }
                            th scope="row" class="full" { (quoted(&entry.action)) " " (object(entry)) @if let Some(project) = &entry.project { span class="under" { "project " (name(project)) } } }
                            td class="full" { (outcome(entry)) }
                            td class="full quiet" { @if let Some(reason) = &entry.reason { (quoted(reason)) } }
                        }
                    }
                    @if shown.is_empty() { tr { td colspan="5" class="quiet full" { "No action is recorded here." } } }
                }
            }
            (pager(&PagerLinks {
                words: format!("{} actions, the newest first", shown.len()),
                newest: before.map(|_| address("/audit", &[("q", text)])),
                older,
                labels: ("Newest", "Older"),
            }))
        }
    }
}

fn outcome(entry: &AuditEntry) -> Markup {
    html! {
        @if entry.outcome.starts_with("refused") { (state_pill(StateMark::FAILED, "refused")) " " (quoted(entry.outcome.trim_start_matches("refused: "))) }
        @else if entry.outcome == ASKED { span class="quiet" { "asked for; what it came to is not recorded" } }
        @else { (quoted(&entry.outcome)) }
    }
}

fn object(entry: &AuditEntry) -> Markup {
    let (sort, of) = entry.object.split_once(' ').unwrap_or(("", &entry.object));
    let href = match sort {
        "job" => Some(format!("/jobs/{}", of.parse::<u64>().unwrap_or(0))),
        "definition" => Some(definition_address(of)),
        "schedule" => Some(address("/schedules", &[("q", of)])),
        "worker" => Some(address("/workers", &[("q", of)])),
        _ => None,
    };
    html! { @match href { Some(href) => { a href=(href) { (quoted(&entry.object)) } } None => { (quoted(&entry.object)) } } }
}
