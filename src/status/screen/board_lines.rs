//! The board on the screen: a line about its workers, and one or two for each definition.

use super::status_page::StatusPage;
use crate::board::{JobState, ScheduleRecord};
use crate::config::invocation::Call;
use crate::core::time::Moment;
use crate::report::{BOLD, RED, YELLOW};
use crate::status::board_status::{
    BoardStatus, DefinitionStatus, UNFINISHED, is_given_up, schedule_words,
};
use crate::status::words::ago;
use crate::text::counts::{counted, counted_or_no, grouped};
use crate::text::terminal::plain;

/// Adds what is known of the board.
pub(super) fn add_board(page: &mut StatusPage, board: &BoardStatus, now: Moment, call: &Call) {
    let place = format!("Board {}", board.place);
    match &board.workers {
        Err(why) => {
            return page.line(0, RED, &format!("{place} cannot be looked at: {why}"));
        }
        Ok(_) if board.lacks_workers() => {
            let jobs = counted_or_no(board.waiting(), "job waits", "jobs wait");
            let schedules = match board.waiting_schedules() {
                0 => String::new(),
                some => format!(", {}", counted(some, "schedule waits", "schedules wait")),
            };
            page.line(
                0,
                RED,
                &format!("{place}: no worker runs, and {jobs}{schedules}"),
            );
            page.line(2, "", &format!("start one: {}", call.line("work")));
        }
        Ok(workers) if workers.is_empty() => page.line(0, BOLD, &format!("{place}: no worker")),
        Ok(workers) => {
            let held: u64 = workers.iter().map(|worker| worker.holds).sum();
            let slots: u64 = workers
                .iter()
                .map(|worker| u64::from(worker.request.slots))
                .sum();
            let line = format!(
                "{place}: {}, {}, {} at work",
                counted(workers.len() as u64, "worker", "workers"),
                counted(slots, "slot", "slots"),
                counted_or_no(held, "job", "jobs"),
            );
            page.line(0, BOLD, &line);
        }
    }
    if !board.dead.is_empty() {
        let dead = format!("died: worker {}", board.dead.join(", "));
        page.line(2, RED, &dead);
    }
    for (name, status) in &board.definitions {
        add_definition(page, name, status, now, call);
    }
    for schedule in &board.schedules {
        add_schedule(page, schedule, call);
    }
}

fn add_schedule(page: &mut StatusPage, schedule: &ScheduleRecord, call: &Call) {
    let name = &schedule.name;
    let line = format!("schedule {name}  {}", schedule_words(schedule));
    let Some(pause) = &schedule.pause else {
        return page.line(2, "", &line);
    };
    let colour = if is_given_up(schedule) { RED } else { YELLOW };
    page.line(2, colour, &line);
    if !pause.why.is_empty() {
        page.line(4, "", plain(&pause.why).lines().next().unwrap_or_default());
    }
    page.line(4, "", &call.line(format_args!("schedules resume {name}")));
}

fn add_definition(
    page: &mut StatusPage,
    name: &str,
    status: &DefinitionStatus,
    now: Moment,
    call: &Call,
) {
    let unfinished = UNFINISHED.into_iter().filter_map(|state| {
        let count = status.count(state);
        (count > 0).then(|| format!("{} {}", capped(count), state.word()))
    });
    let counts: Vec<String> = [
        format!("24h: {} ok", capped(status.succeeded)),
        format!("{} failed", capped(status.failed)),
    ]
    .into_iter()
    .chain(unfinished)
    .collect();
    let colour = if status.is_bad() { RED } else { "" };
    let state = match (status.failure(), status.last_success) {
        (Some(failure), _) => format!("FAILED {} ago", ago(failure.at, now)),
        (None, Some(success)) => format!("succeeded {} ago", ago(success, now)),
        (None, None) => "not ended yet".to_owned(),
    };
    page.line(2, colour, &format!("{name}  {state}"));
    page.line(4, "", &counts.join(", "));
    if let Some(failure) = status.failure() {
        let reason = plain(failure.reason.as_deref().unwrap_or("no reason is known"));
        page.line(4, "", reason.lines().next().unwrap_or_default());
        page.line(4, "", &call.line(format_args!("job {}", failure.job)));
    } else if status.count(JobState::Stuck) > 0 {
        page.line(4, "", &call.line(format_args!("jobs {name} --state stuck")));
    }
}

/// Returns a count that is not exact above 10,000.
fn capped(count: u64) -> String {
    match count {
        0..=10_000 => grouped(count),
        _ => "> 10,000".to_owned(),
    }
}
