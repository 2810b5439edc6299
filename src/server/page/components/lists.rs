//! What stands around lists: tabs, filters, pages.

use maud::{Markup, html};

use super::marks::{StateMark, mark};
use crate::board::JobState;
use crate::server::page::board_figures::BoardFigures;
use crate::server::page::wording::{address, plain_words};

/// The states in the order of the tabs.
pub(in crate::server::page) const TABS: [JobState; 9] = [
    JobState::Waiting,
    JobState::Limited,
    JobState::Running,
    JobState::Paused,
    JobState::Stuck,
    JobState::Failed,
    JobState::Reverted,
    JobState::Cancelled,
    JobState::Succeeded,
];

/// Returns the tabs of the states, with how many jobs are in each.
pub(in crate::server::page) fn state_tabs(
    figures: &BoardFigures,
    current: Option<JobState>,
    kept: &[(&str, &str)],
) -> Markup {
    let href = |state: &'static str| {
        let mut query = vec![("state", state)];
        query.extend_from_slice(kept);
        address("/jobs", &query)
    };
    html! {
        nav class="tabs" aria-label="Jobs by state" {
            a href=(href("all")) aria-current=[current.is_none().then_some("page")] { "All" }
            @for state in TABS {
                @let count = figures.count(state);
                @if count > 0 || current == Some(state) || !matches!(state, JobState::Limited | JobState::Paused) {
                    a href=(href(state.word())) aria-current=[(current == Some(state)).then_some("page")] {
                        (mark(StateMark::of(state))) (tab_word(state)) " " b { (figures.words(count)) }
                    }
                }
            }
        }
    }
}

/// Returns the word on the tab of a state.
pub(in crate::server::page) fn tab_word(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "Waiting",
        JobState::Limited => "Behind a limit",
        JobState::Running => "Running",
        JobState::Paused => "Paused",
        JobState::Succeeded => "Succeeded",
        JobState::Failed => "Failed",
        JobState::Reverted => "Reverted",
        JobState::Cancelled => "Cancelled",
        JobState::Stuck => "Stuck",
    }
}

/// What leads from a page of a list to others.
pub(in crate::server::page) struct PagerLinks {
    /// What is on this page.
    pub(in crate::server::page) words: String,
    /// The address of the first page; `None`: this is it.
    pub(in crate::server::page) newest: Option<String>,
    /// The address of the next page; `None`: this is the last.
    pub(in crate::server::page) older: Option<String>,
    /// The words for both.
    pub(in crate::server::page) labels: (&'static str, &'static str),
}

/// Returns the links between the pages of a list.
pub(in crate::server::page) fn pager(links: &PagerLinks) -> Markup {
    html! {
        nav class="pager" aria-label="Pages" {
            span class="quiet" { (links.words) }
            span class="row" {
                @match &links.newest {
                    Some(href) => { a href=(href) { "‹ " (links.labels.0) } }
                    None => { span class="quiet" { "‹ " (links.labels.0) } }
                }
                @match &links.older {
                    Some(href) => { a href=(href) rel="next" { (links.labels.1) " ›" } }
                    None => { span class="quiet" { (links.labels.1) " ›" } }
                }
            }
        }
    }
}

/// Returns a field of choices; the first one stands for all.
pub(in crate::server::page) fn choice<'a>(
    label: &str,
    name: &str,
    all: &str,
    values: impl Iterator<Item = &'a str>,
    current: Option<&str>,
) -> Markup {
    html! {
        label {
            (label)
            select name=(name) {
                option value="" { (all) }
                @for value in values {
                    option value=(value) selected[current == Some(value)] { (plain_words(value, 60)) }
                }
            }
        }
    }
}
