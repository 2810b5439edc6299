//! The journal of a job, the newest entry first.

use maud::{Markup, html};

use super::marks::{StateMark, mark};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::flow::{Took, what_happened};
use crate::server::page::page_clock::{PageClock, span};
use crate::server::page::wording::{kind, name, said};

/// How many entries are shown unless all are asked for.
pub(in crate::server::page) const SHOWN: usize = 20;
/// No page has more.
const MOST: usize = 300;

/// Returns the journal as a table.
pub(in crate::server::page) fn journal_table(
    journal: &[JournalEntry],
    shows_all: bool,
    clock: &PageClock,
) -> Markup {
    let most = if shows_all { MOST } else { SHOWN };
    let shown = journal.len().min(most);
    html! {
        section class="card" id="journal" {
            table class="stack" {
                caption { h2 { "Journal" } " " (shown) " of " (journal.len()) " entries, the newest first, only ever appended" }
                thead {
                    tr {
                        th scope="col" class="n" { "entry" }
                        th scope="col" { "at (" (clock.zone_word()) ")" }
                        th scope="col" { "step" }
                        th scope="col" { "what happened" }
                        th scope="col" class="n" { "took" }
                    }
                }
                tbody { @for entry in journal.iter().rev().take(most) { (row(entry, clock)) } }
            }
            div class="pager" {
                span class="quiet" { (fences(journal)) }
                @if journal.len() > shown && !shows_all { a href="?all=1#journal" { "Show " @if journal.len() > MOST { "the last " (MOST) } @else { "all " (journal.len()) } } }
            }
        }
    }
}

fn row(entry: &JournalEntry, clock: &PageClock) -> Markup {
    let is_attempt = matches!(entry.phase, Phase::Execute | Phase::Revert | Phase::Check);
    html! {
        tr data-k={ "e" (entry.seq) } {
            td class="n" { (entry.seq) }
            td class="t" data-l="at" { (clock.exact(entry.ended)) }
            th scope="row" { @if entry.step.is_empty() { span class="quiet" { "the job" } } @else { b { (name(&entry.step)) } } }
            td class="full" {
                span class="word" { (mark(mark_of(entry))) (what_happened(entry, Took::LeftOut)) }
                @if let Some(error) = &entry.error { br; (said(error)) }
                @if let Some(of) = &entry.kind { " " a class="quiet small" href={ "/jobs?state=all&kind=" (of) } { "kind " (kind(of)) } }
                span class="under" { @if !entry.worker.is_empty() { "on " (name(&entry.worker)) } }
            }
            td class="n" data-l="took" { @if is_attempt { (span(entry.ended - entry.started)) } @else { "–" } }
        }
    }
}

fn mark_of(entry: &JournalEntry) -> StateMark {
    match (entry.phase, entry.outcome) {
        (Phase::Request | Phase::Decision | Phase::Round, EntryOutcome::Failed) => {
            StateMark::FAILED
        }
        (Phase::Request | Phase::Decision | Phase::Round, _) => StateMark::SCHEDULED,
        (Phase::Revert, EntryOutcome::Succeeded) => StateMark::REVERTED,
        (Phase::Revert, EntryOutcome::Failed) => StateMark::STUCK,
        (_, EntryOutcome::Succeeded) => StateMark::OK,
        (_, EntryOutcome::Failed | EntryOutcome::Killed) => StateMark::FAILED,
        (_, EntryOutcome::Interrupted) => StateMark::WARNING,
        (_, EntryOutcome::Skipped) => StateMark::SKIPPED,
        _ => StateMark::WAITING,
    }
}

/// Returns how often the job was claimed.
fn fences(journal: &[JournalEntry]) -> String {
    let mut fences: Vec<u64> = journal.iter().map(|entry| entry.fence).collect();
    fences.dedup();
    match fences.len() {
        0 => "Nothing has happened yet.".to_owned(),
        1 => "One claim: one worker did all of it.".to_owned(),
        claims => format!("Claimed {claims} times."),
    }
}
