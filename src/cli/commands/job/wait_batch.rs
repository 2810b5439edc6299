//! Waiting for the end of a batch.

use std::time::Duration;

use serde_json::json;

use super::board_access::refused;
use super::wait::BETWEEN_LOOKS;
use crate::board::{BatchId, BatchRecord, Board, BoardError, JobFilter, JobState};
use crate::cli::output::print;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::time::{Mono, in_words};
use crate::text::counts::{counted, grouped};
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// Between two looks at the members that are stuck.
const BETWEEN_COUNTS: Duration = Duration::from_secs(1);
/// How many members that are stuck are counted.
const MOST_STUCK: u32 = 1_000;

/// Waits until each member of a batch is over or stuck.
///
/// # Errors
///
/// When a member has not succeeded, or the batch is not over in time.
pub(super) fn until_over(
    board: &dyn Board,
    id: BatchId,
    timeout: Option<Duration>,
    as_data: bool,
) -> CommandResult {
    let mut waiter = Waiter::new().map_err(|error| CommandError::of(exit::SHORTAGE, &error))?;
    let end = timeout.map_or(Mono::NEVER, |timeout| clock::mono() + timeout);
    let (mut stuck, mut count_at) = (0, Mono::BOOT);
    loop {
        let batch = board.batch(id).map_err(refused)?;
        let batch = batch.ok_or_else(|| refused(BoardError::NoSuchBatch(id)))?;
        let now = clock::mono();
        if now >= count_at && batch.left > 0 {
            stuck = stuck_members(board, id)?;
            count_at = now + BETWEEN_COUNTS;
        }
        if !batch.is_open && batch.left <= stuck {
            return ended(&batch, as_data);
        }
        if now >= end {
            let message = format!(
                "batch {id} is not over after {}: {} of {} left",
                in_words(timeout.unwrap_or_default()),
                grouped(batch.left),
                counted(batch.jobs, "job is", "jobs are"),
            );
            return Err(CommandError::new(exit::HELD, message)
                .hint(format_args!("it goes on; `{}` shows it", list(id, ""))));
        }
        let _ = waiter.wait([None], end.min(now + BETWEEN_LOOKS));
    }
}

fn stuck_members(board: &dyn Board, id: BatchId) -> Result<u64, CommandError> {
    let filter = JobFilter {
        states: vec![JobState::Stuck],
        batch: Some(id),
        limit: MOST_STUCK,
        ..JobFilter::default()
    };
    let stuck = board.jobs(&filter).map_err(refused)?;
    Ok(stuck.jobs.len() as u64)
}

fn ended(batch: &BatchRecord, as_data: bool) -> CommandResult {
    let (id, bad) = (batch.id, batch.failed + batch.left);
    if as_data {
        print(&format!(
            "{:#}\n",
            json!({ "batch": id, "jobs": batch.jobs, "failed": batch.failed, "stuck": batch.left })
        ))?;
    }
    if bad == 0 {
        let all = counted(batch.jobs, "job", "jobs");
        return match as_data {
            true => Ok(()),
            false => print(&format!("Batch {id} succeeded: {all}\n")),
        };
    }
    let message = format!(
        "of the {} of batch {id} {} did not succeed",
        counted(batch.jobs, "job", "jobs"),
        grouped(bad)
    );
    let states = " --state failed --state reverted --state stuck --state cancelled";
    Err(CommandError::new(exit::FAILED, message)
        .hint(format_args!("`{}` lists them", list(id, states))))
}

fn list(id: BatchId, states: &str) -> String {
    Call::as_typed().line(format_args!("jobs --batch {id}{states}"))
}
