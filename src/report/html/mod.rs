//! The page: one file that needs nothing but a browser, and asks for nothing. Every text goes
//! through [`maud`], which escapes it.

mod task;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::model::{ChainReport, Condition, HistoryReport, MuteReport, TaskReport, TaskState};
use super::words::{self, counted, grouped, in_words};
use crate::core::feature::Feature;

use task::{anchor, name};

/// What the page may do: nothing but look as its own style has it. No script, no image, no font, no
/// frame, no form, no connection.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
pub(super) const STYLE: &str = include_str!("style.css");
/// How many tasks are drawn: those that fare worst. The others are in the list.
const MOST_DRAWN: usize = 40;
/// How many tasks are listed.
const MOST_LISTED: usize = 1000;
/// From how many tasks on a list of all is worth its place.
const WORTH_A_LIST: usize = 4;

/// A task with its place in the report.
type Placed<'a> = (usize, &'a TaskReport);

/// Returns the page. A build without this module returns the feature that is missing.
pub(crate) fn page(report: &HistoryReport) -> Result<String, Feature> {
    let verdict = words::verdict(report);
    let drawn = drawn(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (report.host) ": " (verdict) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report, &verdict))
                main {
                    (troubles(report))
                    (mutes(report, &drawn))
                    (list(report, &drawn))
                    @for (chain, first) in with_places(report) { (of_chain(chain, first, report, &drawn)) }
                    (schedules(report))
                }
                (foot(report))
            }
        }
    };
    Ok(page.into_string())
}

/// Returns the places of the tasks that are drawn.
fn drawn(report: &HistoryReport) -> Vec<usize> {
    let mut tasks: Vec<Placed<'_>> = report.tasks().enumerate().collect();
    let need = |task: &TaskReport| (task.is_bad(), task.outages.long, task.runs.failed);
    tasks.sort_by_key(|(_, task)| std::cmp::Reverse(need(task)));
    tasks.truncate(MOST_DRAWN);
    tasks.into_iter().map(|(at, _)| at).collect()
}

/// Returns each chain with the place of its first task.
fn with_places(report: &HistoryReport) -> impl Iterator<Item = (&ChainReport, usize)> {
    report.chains.iter().scan(0, |next, chain| {
        let first = *next;
        *next += chain.tasks.len();
        Some((chain, first))
    })
}

fn head(report: &HistoryReport, verdict: &str) -> Markup {
    let period = &report.period;
    let is_bad =
        report.down() + report.late() + report.stopped() > 0 || report.mail_trouble.is_some();
    let days = (
        period.date(0, "%-d %b"),
        period.local(period.now(), "%-d %b %Y"),
    );
    html! {
        header {
            p class="kicker" { bdi { (report.host) } " · " (days.0) " to " (days.1) }
            h1 class=(if is_bad { "bad" } else { "good" }) { (mark(is_bad)) (verdict) }
            (figures(report))
            p class="quiet" {
                "As of " (period.local(period.now(), "%A, %-d %B %Y, %H:%M %Z")) ", written by " (report.program) "."
            }
        }
    }
}

fn mark(is_bad: bool) -> Markup {
    html! { span class="mark" aria-hidden="true" { (if is_bad { "✗" } else { "✓" }) } }
}

fn figures(report: &HistoryReport) -> Markup {
    let runs = report.runs();
    let (outages, long) = report.outages();
    let chains = report.chains.len() as u64;
    let running = report
        .chains
        .iter()
        .filter(|chain| chain.condition == Condition::Runs);
    let running = running.count() as u64;
    let word = if outages == 1 { "outage" } else { "outages" };
    let long = match outages {
        0 => word.to_owned(),
        _ => format!("{word}, {} in all", in_words(long)),
    };
    html! {
        dl class="figures" {
            (figure(words::share(runs), &format!("of {} succeeded", counted(runs.all(), "run", "runs"))))
            (figure(grouped(outages), &long))
            (figure(grouped(report.mails()), if report.mails() == 1 { "mail to the admins" } else { "mails to the admins" }))
            (figure(grouped(running), &format!("of {} now", runs_of(chains))))
        }
    }
}

fn runs_of(chains: u64) -> String {
    let verb = if chains == 1 { "runs" } else { "run" };
    format!("{} {verb}", counted(chains, "chain", "chains"))
}

fn figure(number: String, label: &str) -> Markup {
    html! { div { dt { (label) } dd { (number) } } }
}

/// Shows first what needs attention.
fn troubles(report: &HistoryReport) -> Markup {
    let bad = report.tasks().enumerate().filter(|(_, task)| task.is_bad());
    let bad: Vec<Placed<'_>> = bad.collect();
    let is_stopped = |chain: &&ChainReport| chain.condition != Condition::Runs;
    let stopped: Vec<&ChainReport> = report.chains.iter().filter(is_stopped).collect();
    html! {
        @if !bad.is_empty() || !stopped.is_empty() || report.mail_trouble.is_some() {
            section class="troubles" aria-label="What is not well now" {
                ul {
                    @if let Some(trouble) = &report.mail_trouble { li { b { "Mail does not leave." } " " bdi { (trouble) } } }
                    @for chain in stopped.iter().take(MOST_DRAWN) { li { b { (name(&chain.name)) } " – " bdi { (chain.state) } } }
                    @for (at, task) in bad.iter().take(MOST_DRAWN) {
                        li {
                            a href=(format!("#{}", anchor(*at))) { (name(&task.label)) } " – " (words::state(&task.state, &report.period))
                            @if let TaskState::Down { text, .. } | TaskState::Late { text, .. } = &task.state { br; bdi class="said" { (text) } }
                        }
                    }
                }
            }
        }
    }
}

/// Shows of what no mail is sent now: a user that misses a mail looks here.
fn mutes(report: &HistoryReport, drawn: &[usize]) -> Markup {
    let muted = |mute: &MuteReport| words::muted(mute, &report.period);
    let chains = report.chains.iter();
    let chains = chains.filter_map(|chain| {
        let words = muted(chain.muted.as_ref()?);
        Some(html! { b { (name(&chain.name)) } " – " bdi { (words) } })
    });
    let tasks = report.tasks().enumerate().filter_map(|(at, task)| {
        let words = muted(task.muted.as_ref()?);
        let place = drawn.contains(&at).then(|| format!("#{}", anchor(at)));
        Some(html! {
            @if let Some(place) = place { a href=(place) { (name(&task.label)) } } @else { b { (name(&task.label)) } }
            " – " bdi { (words) }
        })
    });
    let all: Vec<Markup> = chains.chain(tasks).collect();
    let more = all.len().saturating_sub(MOST_DRAWN) as u64;
    html! {
        @if !all.is_empty() {
            section class="mutes" aria-label="What is not mailed now" {
                ul {
                    @for one in all.iter().take(MOST_DRAWN) { li { (one) } }
                    @if more > 0 { li { "and " (counted(more, "more mute", "more mutes")) } }
                }
            }
        }
    }
}

fn list(report: &HistoryReport, drawn: &[usize]) -> Markup {
    let tasks: Vec<Placed<'_>> = report.tasks().enumerate().collect();
    let (all, listed) = (tasks.len(), tasks.len().min(MOST_LISTED));
    html! {
        @if all >= WORTH_A_LIST {
            section class="list" {
                h2 { "All tasks" }
                table {
                    thead { tr { th scope="col" { "now" } th scope="col" { "task" } th scope="col" { "ok" } th scope="col" class="wide" { "down" } } }
                    tbody {
                        @for (at, task) in tasks.into_iter().take(MOST_LISTED) {
                            tr {
                                td { (task::pill(task)) }
                                th scope="row" {
                                    @if drawn.contains(&at) { a href=(format!("#{}", anchor(at))) { (name(&task.label)) } }
                                    @else { (name(&task.label)) }
                                }
                                td { (words::share(task.runs)) }
                                td class="wide" { @if task.outages.count > 0 { (in_words(task.outages.long)) } @else { "–" } }
                            }
                        }
                    }
                }
                @if all > listed { p class="quiet" { (counted((all - listed) as u64, "task", "tasks")) " more; name a chain to see them." } }
                @if all > MOST_DRAWN {
                    p class="quiet" { "Only the " (MOST_DRAWN) " that fared worst are drawn; name a chain or a task to see others." }
                }
            }
        }
    }
}

fn of_chain(chain: &ChainReport, first: usize, report: &HistoryReport, drawn: &[usize]) -> Markup {
    let tasks = chain
        .tasks
        .iter()
        .enumerate()
        .map(|(at, task)| (first + at, task));
    let tasks: Vec<Placed<'_>> = tasks.filter(|(at, _)| drawn.contains(at)).collect();
    html! {
        @if !tasks.is_empty() || chain.tasks.is_empty() {
            section class="chain" {
                div class="title" { h2 { (name(&chain.name)) } (standing(chain.condition)) }
                p class="state" { bdi { (chain.state) } }
                (task::muted(chain.muted.as_ref(), &report.period))
                @for (at, task) in tasks { (task::card(at, task, &report.period)) }
            }
        }
    }
}

fn standing(condition: Condition) -> Markup {
    match condition {
        Condition::Runs => task::pill_of("good", "✓", "runs"),
        Condition::Stopped => task::pill_of("bad", "✗", "does not run"),
        Condition::Hidden => task::pill_of("none", "?", "cannot be seen"),
    }
}

fn schedules(report: &HistoryReport) -> Markup {
    html! {
        @if !report.schedules.is_empty() {
            section class="list" {
                h2 { "Schedules" }
                ul {
                    @for one in &report.schedules {
                        li { (mark(one.is_given_up)) b { (name(&one.name)) } " – " bdi { (one.state) } }
                    }
                }
            }
        }
    }
}

fn foot(report: &HistoryReport) -> Markup {
    let period = &report.period;
    html! {
        footer {
            h2 { "How to read this" }
            ul {
                li { b { "Day by day" } ": " (period.days()) " days, today at the right. A low bar is a day on which every run succeeded. A high bar is one with failures, "
                    "red as far as they went. A line at the bottom is a day without a run. Each says more when it is pointed at." }
                li { b { "How long runs took" } ": the line is the median, the band around it reaches from the shortest to the longest run that succeeded. "
                    "Dots at the top are runs that failed; shaded is the time in which the task was down." }
                li { b { "Outage" } ": from the first failed run of a task to its next success." }
                li { "What is older than the history that is kept (" code { "[history]" } ") is not in here." }
            }
        }
    }
}
