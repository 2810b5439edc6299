//! What a worker reports of steps: their output to the board, their ends to the log.

use super::claimed_flow::ClaimedFlow;
use super::step_ending::StepEnding;
use super::wall_millis;
use crate::board::{Board, OutputBatch, OutputPart};
use crate::core::failure::Output;
use crate::flow::journal::{Doing, EntryOutcome, Phase};
use crate::redact::Redactor;
use crate::unix::clock;

/// Sends what a step has printed. Without an answer it is lost: the journal is not.
pub(super) fn send_output(
    board: &dyn Board,
    job: &mut ClaimedFlow,
    step: &str,
    attempt: u32,
    output: &Output,
) {
    let redacted = job.redactor.output(output);
    let at = wall_millis(clock::now());
    let mut parts = Vec::new();
    let pieces = [(redacted.head, 0), (redacted.tail, redacted.cut)];
    for (text, omitted) in pieces {
        if text.is_empty() {
            continue;
        }
        parts.push(OutputPart {
            part: job.next_part,
            step: step.to_owned(),
            attempt,
            at,
            omitted,
            text,
        });
        job.next_part += 1;
    }
    if parts.is_empty() {
        return;
    }
    let batch = OutputBatch {
        id: job.position.id,
        fence: job.position.fence,
        parts,
    };
    if let Err(error) = board.append_output(&batch) {
        log::warn!("The output of job {} is not kept: {error}", batch.id);
    }
}

pub(super) fn log_ending(label: &str, doing: &Doing, ending: &StepEnding, redactor: &Redactor) {
    let step = &doing.step;
    let what = match doing.phase {
        Phase::Revert => "Revert",
        Phase::When => "Condition",
        Phase::Check => "Check",
        _ => "Execution",
    };
    match (&ending.outcome, &ending.failure) {
        (EntryOutcome::Failed, Some(failure)) => {
            let text = redactor.failure(failure).text();
            log::error!("[{label}] {step}: {what} failed: {text}");
        }
        (EntryOutcome::Succeeded, _) => log::info!("[{label}] {step}: {what} successful"),
        (EntryOutcome::RetryLater, _) => {
            log::info!("[{label}] {step}: {what} asks to be tried again later");
        }
        (EntryOutcome::Skipped, _) => log::info!("[{label}] {step}: {what} says no"),
        (EntryOutcome::Killed, _) => log::info!("[{label}] {step}: {what} killed, as requested"),
        _ => log::info!("[{label}] {step}: {what} interrupted"),
    }
}

pub(super) fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
