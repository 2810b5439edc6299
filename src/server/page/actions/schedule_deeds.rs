//! What is asked of schedules.

use std::collections::BTreeMap;

use maud::html;

use super::confirmation::Confirmation;
use super::deed::Deed;
use crate::board::{
    BoardError, BoardResult, ScheduleRecord, ScheduleRequest, ScheduleRequestAnswer,
};
use crate::server::page::components::shell::NavPlace;
use crate::server::page::errors;
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::{address, definition_link, name, plain_words};
use crate::server::viewer::Role;
use crate::unix::random;
use crate::worker::applied_schedules::{next_after, timestamp};
use crate::worker::job_post::{ScheduledPost, known_schemas};

fn schedule_of(visit: &Visit<'_>, of: Option<&str>) -> BoardResult<Option<ScheduleRecord>> {
    let all = visit.sight.schedules()?;
    Ok(all.into_iter().find(|one| Some(one.name.as_str()) == of))
}

/// Returns the question about a schedule.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm(visit: &Visit<'_>, verb: &str) -> BoardResult<PageAnswer> {
    let Some(schedule) = schedule_of(visit, visit.query("schedule"))? else {
        return errors::missing(visit);
    };
    let of = plain_words(&schedule.name, 60);
    let job = definition_link(&schedule.spec.job);
    let (question, word, consequences, undo) = match verb {
        "schedule-run" => (
            format!("Run {of} now?"),
            "Run now",
            vec![
                html! { "A job of " (job) " is posted at once, in spite of pauses; the next slot stays as it is." },
                html! { "It does not wait for a job of the slot before." },
            ],
            "stop the job.",
        ),
        "schedule-pause" => (
            format!("Pause {of}?"),
            "Pause",
            vec![
                html! { "It posts nothing until it is resumed; a job that runs goes on." },
                html! { "Slots of the pause are not made up for. The pause survives changes of the file." },
            ],
            "resume it.",
        ),
        _ => (
            format!("Resume {of}?"),
            "Resume",
            vec![
                html! { "It posts again from its next slot on; slots of the pause are not made up for." },
            ],
            "pause it.",
        ),
    };
    let inputs = match verb {
        "schedule-run" => {
            html! { label class="row" { input type="checkbox" name="no-children" value="1"; " only this job, without those that follow it" } }
        }
        _ => html! {},
    };
    Confirmation {
        place: NavPlace::Schedules,
        kicker: html! { a href="/schedules" { "Schedules" } " / " (name(&schedule.name)) },
        question,
        warning: None,
        consequences,
        undo: undo.to_owned(),
        fields: vec![("do", verb.to_owned()), ("schedule", schedule.name.clone())],
        inputs,
        choices: Confirmation::button(word, false),
        aside: html! {},
        back: address("/schedules", &[("q", &schedule.name)]),
    }
    .page(visit)
}

/// Asks it of the schedule.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>, verb: &str) -> BoardResult<PageAnswer> {
    let Some(schedule) = schedule_of(visit, visit.field("schedule"))? else {
        return errors::missing(visit);
    };
    let recorded = Deed {
        action: verb.strip_prefix("schedule-").unwrap_or(verb),
        object: format!("schedule {}", schedule.name),
        project: Some(schedule.project.clone()),
        needed: Role::Operate,
        back: address("/schedules", &[("q", &schedule.name), ("done", "1")]),
    };
    recorded.perform(visit, || match verb {
        "schedule-run" => run(visit, &schedule),
        _ => ask(visit, &schedule, verb == "schedule-pause"),
    })
}

fn ask(visit: &Visit<'_>, schedule: &ScheduleRecord, is_pause: bool) -> BoardResult<String> {
    let request = match is_pause {
        true => ScheduleRequest::Pause {
            by: visit.request.viewer.name.clone(),
            why: plain_words(visit.field("reason").unwrap_or_default(), 200),
        },
        false => ScheduleRequest::Resume {
            next: next_after(&schedule.spec, timestamp(visit.clock.now)),
        },
    };
    let answer = visit
        .request
        .board
        .request_of_schedule(&schedule.name, &request)?;
    let words = match (answer, is_pause) {
        (ScheduleRequestAnswer::Done, true) => "It is paused.",
        (ScheduleRequestAnswer::Done, false) => "It goes on.",
        (ScheduleRequestAnswer::AsBefore, true) => "It was paused already.",
        (ScheduleRequestAnswer::AsBefore, false) => "It was not paused.",
        (ScheduleRequestAnswer::Missing, _) => "It is gone.",
    };
    Ok(words.to_owned())
}

fn run(visit: &Visit<'_>, schedule: &ScheduleRecord) -> BoardResult<String> {
    let board = visit.request.board;
    let schemas = known_schemas(BTreeMap::new().iter(), board)?;
    let posting = random::hex_id().map_err(|error| BoardError::Unavailable {
        place: board.place(),
        why: error.to_string(),
    })?;
    let scheduled = ScheduledPost::of(&schedule.spec, &schemas);
    let post = scheduled.post;
    let mut post = post.of_schedule(
        &schedule.name,
        &schedule.project,
        &schedule.spec,
        posting,
        visit.clock.now,
    );
    post.posted_by.clone_from(&visit.request.viewer.name);
    post.ignores_pauses = true;
    if visit.field("no-children").is_some() {
        post.then.clear();
    }
    let receipt = board.run_schedule(&schedule.name, &post, scheduled.every_worker)?;
    Ok(match receipt {
        Some(receipt) => format!("Posted job {}.", receipt.id),
        None if scheduled.every_worker => "Nothing is posted: no live worker can do it.".to_owned(),
        None => "The schedule is gone.".to_owned(),
    })
}
