//! Pages for what cannot be shown or done: what it means, and what to do.

use std::io;

use maud::{Markup, html};

use super::components::shell::{DocumentHead, NavPlace, TopBar, document, foot};
use super::page_content::{PageContent, answer};
use super::page_request::PageAnswer;
use super::visit::Visit;
use super::wording::{name, plain_words, quoted, said};
use crate::board::{BoardError, BoardResult};
use crate::server::viewer::Role;

/// Returns a page for an error.
pub(in crate::server) fn error_page(
    code: u16,
    title: &str,
    why: &Markup,
    remedy: &Markup,
) -> Markup {
    html! {
        div class="center wider" {
            p class="code" { (code) }
            h1 class="section" { (title) }
            div class="stackv section" {
                section class="card pad" { h2 { "Why" } (why) }
                section class="card pad" { h2 { "What to do" } (remedy) }
            }
        }
    }
}

fn page(
    visit: &Visit<'_>,
    code: u16,
    title: &str,
    why: &Markup,
    remedy: &Markup,
) -> BoardResult<PageAnswer> {
    let mut content = PageContent::new(NavPlace::Elsewhere, title.to_owned());
    content.status = code;
    content.is_bad = true;
    answer(visit, &content.still(error_page(code, title, why, remedy)))
}

/// Returns the page for what is not there, or not for this user to see: both look the same.
///
/// # Errors
///
/// Those of the board.
pub(super) fn missing(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let last = visit.request.path.rsplit('/').next().unwrap_or_default();
    let id: Option<u64> = last.parse().ok();
    let title = match id {
        Some(id) => format!("Job {id} is not on this board"),
        None => "There is no such page".to_owned(),
    };
    let why = html! {
        p {
            @if id.is_some() { "Jobs that have ended are kept for a while: successes for 7 days, others for 90. Or the number has a typing mistake, or the job belongs to a project that you may not see." }
            @else { "Its address has a typing mistake, what it was about is gone, or it belongs to a project that you may not see." }
        }
    };
    let remedy = html! {
        form class="row" role="search" aria-label="Jobs" action="/jobs" {
            input type="search" name="q" value=(plain_words(last, 60)) aria-label="Find a job by number, key, kind, argument or error";
            button class="primary" { "Search the jobs" }
        }
        p class="section quiet" { a href="/" { "Go to the overview" } }
    };
    page(visit, 404, &title, &why, &remedy)
}

/// Returns the page for what the role of the user does not allow.
///
/// # Errors
///
/// Those of the board.
pub(super) fn forbidden(
    visit: &Visit<'_>,
    needed: Role,
    action: &str,
    object: &str,
) -> BoardResult<PageAnswer> {
    let viewer = visit.request.viewer;
    let (role, takes) = (viewer.role.word(), needed.word());
    let why = html! {
        p {
            "You are " b { (name(&viewer.name)) } ". Your role is " b { (role) } "; this (" (quoted(action)) ", " (quoted(object)) ") takes " b { (takes) } ". Nothing was changed, and the attempt is in the audit."
        }
    };
    let remedy = html! {
        ul class="plain" {
            li { "Ask an administrator for a token with the role " b { (takes) } ": " code { "run_functions serve token add" } "." }
            li { a href="/" { "Go back to the overview" } "; you may look at all that it shows." }
        }
    };
    page(visit, 403, "You may look, but not do this", &why, &remedy)
}

/// Returns the page for a request that cannot be carried out as it is.
///
/// # Errors
///
/// Those of the board.
pub(super) fn unfit(visit: &Visit<'_>, why: &str) -> BoardResult<PageAnswer> {
    let why = html! { p { (quoted(why)) } };
    let remedy = html! { p { a href="/jobs" { "Go to the jobs" } " and choose again. Nothing was changed." } };
    page(visit, 422, "This cannot be done as it is", &why, &remedy)
}

/// Returns the page for an action that the audit does not take.
///
/// # Errors
///
/// Those of the board.
pub(super) fn unrecorded(visit: &Visit<'_>, error: &io::Error) -> BoardResult<PageAnswer> {
    let why = html! { p { "Each action is recorded before it is done, and the audit cannot be written:" } (said(&error.to_string())) };
    let remedy =
        html! { p { "Nothing was changed. Look at the disk of the server, then try again." } };
    page(visit, 503, "Nothing was done", &why, &remedy)
}

/// Returns the page for an error of the board, without asking the board anything.
pub(in crate::server) fn unavailable(error: &BoardError) -> PageAnswer {
    let code = match error {
        BoardError::NoSuchJob(_) | BoardError::NoSuchBatch(_) => 404,
        BoardError::KeyTaken { .. } | BoardError::NoWorker(_) | BoardError::Malformed(_) => 409,
        _ => 503,
    };
    let title = match code {
        404 => "It is not on this board",
        409 => "It was not done",
        _ => "The board cannot be reached",
    };
    let why = html! {
        (said(&error.to_string()))
        @if code == 503 {
            ul class="plain section" {
                li { b { "Steps go on for as long as their lease" } ", so that no job can run twice." }
                li { b { "Nothing new begins." } " Schedules make up for missed times as they are written. Posting fails, and the caller knows." }
                li { b { "Mails about jobs" } " wait too. The chains on the hosts run and mail as usual." }
            }
        }
    };
    let remedy = html! {
        @if let Some(remedy) = error.remedy() { p { (quoted(remedy)) } }
        @if code == 503 {
            ol class="steps" {
                li { div { p { "On the host of the server:" } code class="type" { "run_functions board check" } } }
                li { div { p { "Workers come back by themselves when the board does." } div class="row section" { a class="button primary" href="" { "Try now" } } } }
            }
        } @else { p { a href="/jobs" { "Go to the jobs" } } }
    };
    let head = DocumentHead {
        title: title.to_owned(),
        is_bad: true,
    };
    let bar = TopBar {
        place: Some(NavPlace::Elsewhere),
        ..TopBar::default()
    };
    let main = error_page(code, title, &why, &remedy);
    PageAnswer::Html {
        status: code,
        body: document(&head, &bar, &main, &foot(&[], None)),
    }
}
