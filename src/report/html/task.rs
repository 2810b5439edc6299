//! The card of a task.

use maud::{Markup, html};

use crate::report::model::{MuteReport, TaskReport, TaskState};
use crate::report::outages::{KindOf, OutageEnd, Outages, ReportedOutage};
use crate::report::period::Period;
use crate::report::svg;
use crate::report::words::{self, counted, exact, grouped, in_words};

/// How many outages are seen at once; the others unfold.
const MOST_SEEN: usize = 3;

/// Returns where a task is found on the page.
pub(super) fn anchor(at: usize) -> String {
    format!("task-{}", at + 1)
}

/// Returns how a task fares, in a word that is also a mark and a colour.
pub(super) fn pill(task: &TaskReport) -> Markup {
    let (class, mark, word) = match task.state {
        TaskState::Healthy { .. } => ("good", "✓", "healthy"),
        TaskState::Down { .. } => ("bad", "✗", "down"),
        TaskState::Late { .. } => ("bad", "!", "still running"),
        TaskState::WasHealthy => ("none", "–", "does not run"),
        TaskState::Asks { .. } => ("none", "?", "asks for later"),
        TaskState::Unknown => ("none", "?", "unknown"),
        TaskState::Gone => ("none", "–", "gone"),
    };
    pill_of(class, mark, word)
}

/// Returns a word that is also a mark and a colour.
pub(super) fn pill_of(class: &str, mark: &str, word: &str) -> Markup {
    html! { span class={ "pill " (class) } { span aria-hidden="true" { (mark) } " " (word) } }
}

/// Returns all that is shown of a task.
pub(super) fn card(at: usize, task: &TaskReport, period: &Period) -> Markup {
    let id = anchor(at);
    html! {
        article id=(id) class=(if task.is_bad() { "down" } else { "" }) {
            header class="title" { h3 { (name(&task.label)) } (pill(task)) }
            p class="quiet" { (words::state(&task.state, period)) (reminder(&task.state, period)) }
            @if let TaskState::Down { text, .. } | TaskState::Late { text, .. } = &task.state { p { bdi class="said" { (text) } } }
            (muted(task.muted.as_ref(), period))
            (facts(task))
            (days(task, period, &id))
            (durations(task, period, &id))
            (outages(&task.outages, period))
        }
    }
}

/// Shows that no mail is sent, until when, the user and the reason.
pub(super) fn muted(mute: Option<&MuteReport>, period: &Period) -> Markup {
    html! { @if let Some(mute) = mute { p class="state" { bdi { (words::muted(mute, period)) } } } }
}

fn reminder(state: &TaskState, period: &Period) -> Markup {
    html! {
        @if let TaskState::Down { reminder: Some(at), .. } = state { ", the next reminder comes " (period.short(*at)) }
    }
}

fn facts(task: &TaskReport) -> Markup {
    let mut facts = vec![
        ("runs", grouped(task.runs.all())),
        ("ok", words::share(task.runs)),
        ("failed", grouped(task.runs.failed)),
    ];
    if let Some(spread) = &task.durations.whole {
        facts.push(("median", exact(spread.median)));
        facts.push(("95 % within", exact(spread.p95)));
        facts.push(("longest", exact(spread.longest)));
    }
    let outages = &task.outages;
    if outages.count > 0 {
        facts.push(("down", in_words(outages.long)));
    }
    facts.push(("mails", grouped(task.mails)));
    html! {
        dl class="facts" { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
}

fn days(task: &TaskReport, period: &Period, id: &str) -> Markup {
    let last = period.days().saturating_sub(1);
    html! {
        figure {
            figcaption { "Day by day" }
            (svg::strip(&task.days, period, &format!("{id}-days"), &task.label))
            div class="axis" aria-hidden="true" {
                @for day in [0, last / 3, last * 2 / 3] { span { (period.date(day, "%-d %b")) } }
                span { "today" }
            }
        }
    }
}

fn durations(task: &TaskReport, period: &Period, id: &str) -> Markup {
    let is_logarithmic = svg::is_logarithmic(&task.durations);
    let (start, end) = (period.plot_start(), period.now());
    let form = if end.since(start).as_secs() > 3 * 86_400 {
        "%-d %b"
    } else {
        "%-d %b %H:%M"
    };
    let third = |thirds: usize| period.begin_of(thirds * crate::report::period::COLUMNS / 3);
    html! {
        @if task.runs.ok + task.runs.failed > 0 {
            figure {
                figcaption {
                    "How long runs took"
                    @if is_logarithmic { span class="quiet" { " – on a logarithmic scale" } }
                }
                (svg::plot(&task.durations, period, &format!("{id}-took"), &task.label))
                div class="axis" aria-hidden="true" {
                    @for at in [start, third(1), third(2)] { span { (period.local(at, form)) } }
                    span { "now" }
                }
            }
        }
    }
}

fn outages(outages: &Outages, period: &Period) -> Markup {
    let latest: Vec<&ReportedOutage> = outages.latest.iter().rev().collect();
    let (seen, folded) = latest.split_at(latest.len().min(MOST_SEEN));
    let untold = outages.count - latest.len() as u64;
    html! {
        @if !latest.is_empty() {
            h4 { (counted(outages.count, "outage", "outages")) }
            ol class="outages" { @for outage in seen { (entry(outage, period)) } }
            @if !folded.is_empty() {
                details {
                    summary { (folded.len()) " before that" }
                    ol class="outages" { @for outage in folded { (entry(outage, period)) } }
                    @if untold > 0 { p class="quiet" { "and " (grouped(untold)) " still earlier, the longest of all " (in_words(outages.longest)) } }
                }
            }
        } @else { p class="quiet" { "No outage." } }
    }
}

fn entry(outage: &ReportedOutage, period: &Period) -> Markup {
    let class = if outage.until == OutageEnd::Open {
        "open"
    } else {
        ""
    };
    html! {
        li class=(class) {
            p { b { (words::length(outage, period)) } " " span class="when" { (words::span(outage, period)) } " "
                span class="quiet" { (counted(outage.failures, "failed run", "failed runs")) } }
            @for kind in &outage.kinds { p class="kind" { (of_kind(kind, outage)) } }
            @if outage.unnamed > 0 { p class="kind quiet" { (grouped(outage.unnamed)) " × other kinds" } }
            p class="quiet" { (words::mails(outage, period)) }
        }
    }
}

/// Of one kind alone the number of failures was shown above.
fn of_kind(kind: &KindOf, outage: &ReportedOutage) -> Markup {
    html! {
        @if outage.kinds.len() > 1 || outage.unnamed > 0 { (grouped(kind.count)) " × " }
        bdi class="said" { (kind.text) }
        @if kind.kind != kind.text { " " span class="quiet" { "(kind " bdi { (words::kind(&kind.kind)) } ")" } }
    }
}

/// Returns a name, that may go on in the next line where a person would let it.
pub(super) fn name(name: &str) -> Markup {
    html! { bdi { @for part in name.split_inclusive([':', '_', '/', '.']) { (part) wbr; } } }
}
