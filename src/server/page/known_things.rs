//! What is worth knowing and needs no person: pauses, mutes, mixed versions.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::board_facts::BoardFacts;
use super::components::marks::{StateMark, mark};
use super::visit::Visit;
use super::wording::{address, definition_link, name, quoted, worker_link};
use crate::board::{PauseRecord, PauseScope, ScheduleRecord};
use crate::core::time::unix_millis;
use crate::mute::wish::Mute;

/// How many lines there are of a sort.
const MOST: usize = 6;

/// Returns what is worth knowing, a line each.
pub(super) fn list(visit: &Visit<'_>, facts: &BoardFacts) -> Markup {
    let mut lines: Vec<(StateMark, Markup)> = Vec::new();
    let pauses = facts.pauses.iter().take(MOST);
    lines.extend(pauses.map(|pause| (StateMark::PAUSED, paused(visit, pause))));
    let schedules = facts.schedules.iter().filter(|one| one.pause.is_some());
    lines.extend(
        schedules
            .take(MOST)
            .map(|one| (StateMark::PAUSED, paused_schedule(visit, one))),
    );
    let mutes = facts.mutes.iter().filter(|mute| is_shown(visit, mute));
    lines.extend(
        mutes
            .take(MOST)
            .map(|mute| (StateMark::PAUSED, muted(visit, mute))),
    );
    if let Some(mixed) = versions(facts) {
        lines.push((StateMark::SKIPPED, mixed));
    }
    html! {
        @if !lines.is_empty() {
            section class="section" aria-labelledby="known" {
                h2 id="known" { "Worth knowing" }
                ul class="card lines" { @for (of, line) in &lines { li { (mark(*of)) " " (line) } } }
            }
        }
    }
}

fn paused(visit: &Visit<'_>, pause: &PauseRecord) -> Markup {
    html! {
        @match &pause.scope {
            PauseScope::Definition(of) => { (definition_link(of)) }
            PauseScope::Project(of) => { "Project " (name(of)) }
            PauseScope::Worker(of) => { "Worker " (worker_link(of)) }
        }
        " is paused by " (name(&pause.by)) " since " (visit.clock.time(pause.since))
        ": what waits is claimed by nothing."
    }
}

fn paused_schedule(visit: &Visit<'_>, schedule: &ScheduleRecord) -> Markup {
    let pause = schedule.pause.as_ref();
    html! {
        "Schedule " a href=(address("/schedules", &[("q", &schedule.name)])) { (name(&schedule.name)) }
        @if let Some(pause) = pause {
            @match &pause.by {
                Some(by) => { " is paused by " (name(by)) " since " (visit.clock.time(pause.since)) @if !pause.why.is_empty() { ": “" (quoted(&pause.why)) "”" } "." }
                None => { " paused itself on " (visit.clock.time(pause.since)) ", after " (schedule.failures) " failures in a row." }
            }
        }
    }
}

/// A mute of a definition is three; one of them is shown.
fn is_shown(visit: &Visit<'_>, mute: &Mute) -> bool {
    let Some(task) = &mute.task else {
        return visit.sees_all();
    };
    match task.split_once("::") {
        Some(("jobs", of)) => {
            visit.sees_all()
                || visit
                    .sight
                    .definitions()
                    .is_ok_and(|known| known.contains_key(of))
        }
        Some(("stuck" | "waiting", _)) => false,
        _ => visit.sees_all(),
    }
}

fn muted(visit: &Visit<'_>, mute: &Mute) -> Markup {
    let what = mute
        .task
        .as_deref()
        .map(|task| task.strip_prefix("jobs::").unwrap_or(task));
    html! {
        "Mails about " @match what { Some(what) => { (name(what)) } None => { "the whole board" } }
        " are held back until " (visit.clock.time(unix_millis(mute.until))) ", by " (name(&mute.by))
        @if !mute.reason.is_empty() { ": “" (quoted(&mute.reason)) "”" } "."
    }
}

/// Returns which workers run another version than most.
fn versions(facts: &BoardFacts) -> Option<Markup> {
    let mut by_version: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for worker in &facts.workers {
        let version = worker.record.request.version.as_str();
        by_version.entry(version).or_default().push(worker.name());
    }
    if by_version.len() < 2 {
        return None;
    }
    let mut all: Vec<_> = by_version.into_iter().collect();
    all.sort_by_key(|(_, names)| names.len());
    let (most, of_most) = all.pop()?;
    let (version, names) = all.first()?;
    Some(html! {
        "Worker " (worker_link(names[0])) @if names.len() > 1 { " and " (names.len() - 1) " more" }
        " runs " (name(version)) ", the other " (of_most.len()) " run " (name(most)) "."
    })
}
