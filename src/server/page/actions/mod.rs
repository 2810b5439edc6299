//! What users ask for: a page that asks once, then the deed.
//!
//! ```text
//! button ─► GET /confirm?do=VERB&… ─► POST /act ─► audit ─► board ─► audit ─► the object
//! ```

mod bulk;
mod confirmation;
mod deed;
mod definition_deeds;
mod job_deeds;
mod posting;
mod schedule_deeds;
mod worker_deeds;

pub(super) use posting::form as post_form;

use super::errors;
use super::page_request::PageAnswer;
use super::visit::Visit;
use crate::board::BoardResult;

/// Returns the page that asks once.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let verb = visit.query("do").unwrap_or_default();
    if let Some(verb) = job_deeds::JobDeed::of(verb) {
        return match visit.query("which") {
            Some(_) => bulk::confirm(visit, verb),
            None => job_deeds::confirm(visit, verb),
        };
    }
    if let Some(verb) = worker_deeds::WorkerDeed::of(verb) {
        return worker_deeds::confirm(visit, verb);
    }
    match verb {
        "again" => posting::confirm_again(visit),
        "schedule-run" | "schedule-pause" | "schedule-resume" => {
            schedule_deeds::confirm(visit, verb)
        }
        "mute" | "unmute" | "definition-pause" | "definition-resume" | "project-pause"
        | "project-resume" => definition_deeds::confirm(visit, verb),
        _ => errors::missing(visit),
    }
}

/// Does what a form asks for, and returns where the browser goes on.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let verb = visit.field("do").unwrap_or_default();
    if let Some(verb) = job_deeds::JobDeed::of(verb) {
        return match visit.field("which") {
            Some("ticked" | "all") => bulk::act(visit, verb),
            _ => job_deeds::act(visit, verb),
        };
    }
    if let Some(verb) = worker_deeds::WorkerDeed::of(verb) {
        return worker_deeds::act(visit, verb);
    }
    match verb {
        "post" => posting::act(visit),
        "again" => posting::act_again(visit),
        "schedule-run" | "schedule-pause" | "schedule-resume" => schedule_deeds::act(visit, verb),
        "mute" | "unmute" | "definition-pause" | "definition-resume" | "project-pause"
        | "project-resume" => definition_deeds::act(visit, verb),
        _ => errors::missing(visit),
    }
}
