//! Which page belongs to which path.

use super::page_content::{PageContent, answer};
use super::page_request::{PageAnswer, PageRequest};
use super::visit::Visit;
use super::{
    actions, assets, audit, chains, definition, definitions, errors, job, jobs, overview,
    schedules, workers,
};
use crate::board::{BoardResult, JobId};
use crate::text::terminal::plain;

/// Returns the page of a path. What the board refuses is a page, too.
///
/// # Errors
///
/// None at present: the error of a board is answered with a page.
pub(crate) fn show(request: &PageRequest<'_>) -> BoardResult<PageAnswer> {
    if let Some(asset) = assets::asset(request.path) {
        return Ok(asset);
    }
    let visit = Visit::new(request);
    Ok(page(&visit).unwrap_or_else(|error| errors::unavailable(&error)))
}

/// Does what a form asks for, and returns where the browser goes on.
///
/// # Errors
///
/// None at present: the error of a board is answered with a page.
pub(crate) fn act(request: &PageRequest<'_>) -> BoardResult<PageAnswer> {
    let visit = Visit::new(request);
    let answer = match request.path {
        "/act" => actions::act(&visit),
        _ => errors::missing(&visit),
    };
    Ok(answer.unwrap_or_else(|error| errors::unavailable(&error)))
}

fn page(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let parts: Vec<&str> = visit
        .request
        .path
        .trim_start_matches('/')
        .splitn(2, '/')
        .collect();
    let of = |content: BoardResult<PageContent>| answer(visit, &content?);
    match parts.as_slice() {
        [""] => of(overview::page(visit)),
        ["jobs"] => jobs::page(visit),
        ["jobs", rest] => of_job(visit, rest),
        ["definitions"] => match visit.query("name") {
            Some(name) => found(visit, definition::page(visit, name)?),
            None => of(definitions::page(visit)),
        },
        ["definitions", name] => found(visit, definition::page(visit, name)?),
        ["schedules"] => of(schedules::page(visit)),
        ["workers"] => of(workers::page(visit)),
        ["chains"] if visit.sees_all() => of(chains::page(visit)),
        ["audit"] => of(audit::page(visit)),
        ["confirm"] => actions::confirm(visit),
        ["post"] => actions::post_form(visit),
        _ => errors::missing(visit),
    }
}

fn found(visit: &Visit<'_>, content: Option<PageContent>) -> BoardResult<PageAnswer> {
    match content {
        Some(content) => answer(visit, &content),
        None => errors::missing(visit),
    }
}

fn of_job(visit: &Visit<'_>, rest: &str) -> BoardResult<PageAnswer> {
    let (id, what) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(id) = id.parse().ok().map(JobId) else {
        return errors::missing(visit);
    };
    match what {
        "" => found(visit, job::page(visit, id)?),
        "output" => output(visit, id),
        _ => errors::missing(visit),
    }
}

/// Returns the output of a job as text: of an attempt, or of all.
fn output(visit: &Visit<'_>, id: JobId) -> BoardResult<PageAnswer> {
    if visit.sight.job(id)?.is_none() {
        return errors::missing(visit);
    }
    let (parts, has_more) = job::output(visit, id)?;
    let attempt: Option<u32> = visit
        .query("attempt")
        .and_then(|number| number.parse().ok());
    let mut text = String::new();
    for part in &parts {
        let is_meant = visit.query("step").is_none_or(|step| step == part.step)
            && attempt.is_none_or(|attempt| attempt == part.attempt);
        if is_meant {
            if part.omitted > 0 {
                text.push_str(&format!("… {} bytes left out …\n", part.omitted));
            }
            text.push_str(&plain(&part.text));
        }
    }
    if has_more {
        text.push_str("… there is more: `run_functions job` prints all\n");
    }
    Ok(PageAnswer::Asset {
        content_type: "text/plain; charset=utf-8",
        body: text.into_bytes(),
        is_kept: false,
    })
}
