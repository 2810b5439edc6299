//! The overview of a board on which nothing has run yet: the first steps.

use maud::{Markup, html};

use super::board_facts::BoardFacts;
use super::components::figures::health;
use super::components::marks::StateMark;
use super::components::shell::{NavPlace, page_head};
use super::page_content::PageContent;
use super::visit::Visit;
use super::wording::name;
use crate::board::BoardResult;
use crate::text::counts::counted;

/// Returns the page of the first day.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<PageContent> {
    let clock = &visit.clock;
    let definitions = visit.sight.definitions()?;
    let workers = facts.workers.len() as u64;
    let verdict = match visit.sees_all() {
        true => "Nothing has run on this board yet",
        false => "Nothing of your projects has run yet",
    };
    let head = page_head(
        &html! { (clock.written(clock.now, "%A, %-d %B %Y")) ", " (clock.time(clock.now)) },
        &html! { (verdict) },
        &html! { "Two commands, and this page shows your first job." },
        &html! {},
    );
    let joined = html! { @if workers == 0 { "none has joined yet" } @else { a href="/workers" { (counted(workers, "has", "have")) " joined" } } };
    let known = html! {
        @match definitions.keys().next() {
            None => { "none known yet" }
            Some(first) => { (definitions.len()) " known: " b { (name(first)) } @if definitions.len() > 1 { " and more" } }
        }
    };
    let of = |count: usize| {
        if count == 0 {
            StateMark::SKIPPED
        } else {
            StateMark::OK
        }
    };
    let rows = [
        (StateMark::OK, "Board", html! { "answers" }),
        (of(facts.workers.len()), "Workers", joined),
        (of(definitions.len()), "Definitions", known),
        (StateMark::SKIPPED, "Schedules", html! { "none" }),
    ];
    let first = definitions.keys().next().map_or("hello", String::as_str);
    let markup = html! {
        (head)
        div class="grid21" {
            (first_steps(first))
            div class="stackv" {
                (health(&rows))
                section class="card pad" {
                    h2 { "Then" }
                    ul class="plain" {
                        li { "Write a definition: " code { "[jobs.NAME]" } ", with steps, retries, reverts" }
                        li { "Add a " code { "[schedules.NAME]" } }
                        li { "Give others a token: " code { "run_functions serve token add" } }
                    }
                }
            }
        }
    };
    let content = PageContent::new(NavPlace::Overview, verdict.to_owned());
    Ok(content.live("overview", markup))
}

/// Returns what is to be typed first.
fn first_steps(first: &str) -> Markup {
    html! {
        section class="card pad" aria-label="First steps" {
            ol class="steps" {
                li {
                    div {
                        h2 { "Start a worker" }
                        p { "In the directory with your " code { "run_functions.toml" } ". It enters on the board what it can do, and waits for jobs." }
                        code class="type" { "run_functions work" }
                    }
                }
                li {
                    div {
                        h2 { "Post a job" }
                        p { "In a second terminal. " code { "post --help" } " lists the jobs that are defined." }
                        code class="type" { "run_functions post " (name(first)) " --wait" }
                        p class="quiet small" { "It returns when the job is durable; " code { "--wait" } " stays until the job has ended." }
                    }
                }
            }
        }
    }
}
