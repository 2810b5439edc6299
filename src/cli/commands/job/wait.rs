//! Waiting for the end of a job, with what happens meanwhile on the screen.

use std::sync::Arc;
use std::time::Duration;

use super::board_access::{no_such_job, refused};
use super::entry_line::entry_line;
use super::job_json::job_json;
use crate::board::{Board, JobId, JobRecord, JobState, OutputPart};
use crate::cli::output::{plain, print};
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::time::{Mono, in_words};
use crate::status::job_wait::why_waits;
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// Between two looks at the board.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How long a job is unclaimed before the reason is printed.
const WORTH_SAYING: Duration = Duration::from_secs(3);
/// For how long the holder is asked to send output as it comes.
const WATCHED_FOR: Duration = Duration::from_secs(10);

/// Waits until a job is over or stuck; prints its journal and its output as they come.
pub(crate) fn until_over(
    board: &Arc<dyn Board>,
    id: JobId,
    timeout: Option<Duration>,
    as_data: bool,
) -> CommandResult {
    let mut waiter = Waiter::new().map_err(|error| CommandError::of(exit::SHORTAGE, &error))?;
    let end = timeout.map_or(Mono::NEVER, |timeout| clock::mono() + timeout);
    let mut screen = JobScreen::default();
    let mut say_why_at = Some(clock::mono() + WORTH_SAYING);
    loop {
        let job = board.job(id).map_err(refused)?;
        let job = job.ok_or_else(|| no_such_job(id))?;
        if !as_data {
            screen.show(&**board, &job)?;
        }
        if job.state.is_over() || job.state == JobState::Stuck {
            return ended(&**board, &job, as_data);
        }
        let now = clock::mono();
        if say_why_at.is_some_and(|at| now >= at) {
            say_why_at = None;
            let waits = matches!(job.state, JobState::Waiting | JobState::Limited);
            if !as_data && waits {
                print(&why_it_waits(&**board, id)?)?;
            }
        }
        if now >= end {
            let span = in_words(timeout.unwrap_or_default());
            let message = format!("job {id} is not over after {span}: it is {}", job.state);
            let look = Call::as_typed().line(format_args!("job {id}"));
            return Err(CommandError::new(exit::HELD, message)
                .hint(format_args!("it goes on; `{look}` shows where it is")));
        }
        let _ = waiter.wait([None], end.min(now + BETWEEN_LOOKS));
    }
}

/// Returns what keeps a job from going on, a line each.
pub(crate) fn why_it_waits(board: &dyn Board, id: JobId) -> Result<String, CommandError> {
    let facts = board.wait_facts(id).map_err(refused)?;
    let lines = why_waits(&facts).into_iter();
    Ok(lines.map(|why| format!("It waits: {why}\n")).collect())
}

/// What is on the screen already.
#[derive(Debug, Default)]
struct JobScreen {
    entries: usize,
    part: Option<u64>,
    watched_until: Option<Mono>,
}

impl JobScreen {
    fn show(&mut self, board: &dyn Board, job: &JobRecord) -> CommandResult {
        let now = clock::mono();
        if self.watched_until.is_none_or(|until| now >= until) && !job.state.is_over() {
            board.watch_output(job.id, WATCHED_FOR).map_err(refused)?;
            self.watched_until = Some(now + WATCHED_FOR / 2);
        }
        // What a step printed is sent before its end is recorded, and is read after the journal.
        let journal = board.journal(job.id).map_err(refused)?;
        let mut parts = board.output(job.id, self.part).map_err(refused)?;
        self.part = parts.last().map(|part| part.part).or(self.part);
        let mut text = String::new();
        for entry in journal.iter().skip(self.entries) {
            let of_entry = |part: &mut OutputPart| {
                part.step == entry.step && part.attempt == entry.attempt && part.at <= entry.ended
            };
            for part in parts.extract_if(.., of_entry) {
                push_lines(&mut text, &part);
            }
            text.push_str(&format!("  {}\n", entry_line(entry)));
        }
        parts.iter().for_each(|part| push_lines(&mut text, part));
        self.entries = journal.len();
        match text.is_empty() {
            true => Ok(()),
            false => print(&text),
        }
    }
}

fn push_lines(text: &mut String, part: &OutputPart) {
    for line in plain(&part.text).lines() {
        text.push_str(&format!("  {} | {line}\n", part.step));
    }
}

fn ended(board: &dyn Board, job: &JobRecord, as_data: bool) -> CommandResult {
    if as_data {
        print(&format!("{:#}\n", job_json(board, job)?))?;
    } else {
        print(&format!("Job {} {}\n", job.id, ended_words(job)))?;
    }
    match job.state {
        JobState::Succeeded => Ok(()),
        _ => Err(CommandError::said(exit::FAILED)),
    }
}

fn ended_words(job: &JobRecord) -> String {
    let took = job.ended.unwrap_or(job.posted) - job.posted;
    let took = in_words(Duration::from_millis(u64::try_from(took).unwrap_or(0)));
    let words = match job.state {
        JobState::Succeeded => format!("succeeded after {took}"),
        JobState::Failed => format!("failed after {took}; nothing was reverted"),
        JobState::Reverted => format!("failed, and what it had done is undone, after {took}"),
        JobState::Cancelled => format!("was cancelled after {took}"),
        JobState::Stuck => "is stuck and needs a person".to_owned(),
        state => format!("is {state}"),
    };
    match &job.reason {
        Some(reason) => format!("{words}: {}", plain(reason)),
        None => words,
    }
}
