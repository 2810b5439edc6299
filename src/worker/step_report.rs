//! What a worker reports of steps: their output to the board, their ends to the log.

use super::claimed_flow::ClaimedFlow;
use super::step_ending::StepEnding;
use super::step_slots::PrintedLines;
use super::unsent::Unsent;
use super::wall_millis;
use crate::board::{Board, OutputBatch, OutputPart};
use crate::core::failure::Output;
use crate::flow::journal::{Doing, EntryOutcome, Phase};
use crate::redact::Redactor;
use crate::text::cut::floor;
use crate::unix::clock;

/// The bytes of a part of the output: JSON with all of them escaped is taken by every server.
const MOST_OF_PART: usize = 128 << 10;

/// Sends what a step has printed, but for the first `sent` bytes.
pub(super) fn send_output(
    board: &dyn Board,
    unsent: &mut Unsent,
    job: &mut ClaimedFlow,
    doing: &Doing,
    output: &Output,
    sent: u64,
) {
    // A secret may be cut in two where bytes were left out.
    let redacted = (sent == 0).then(|| job.redactor.output(output));
    for (omitted, text) in rest_of(redacted.as_ref().unwrap_or(output), sent) {
        let lines = PrintedLines {
            step: doing.step.clone(),
            attempt: doing.attempt,
            omitted,
            text,
        };
        send_lines(board, unsent, job, lines);
    }
}

/// Sends lines that a step has printed.
pub(super) fn send_lines(
    board: &dyn Board,
    unsent: &mut Unsent,
    job: &mut ClaimedFlow,
    lines: PrintedLines,
) {
    let text = job.redactor.text(&lines.text).into_owned();
    let mut omitted = lines.omitted;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (piece, further) = rest.split_at(piece_of(rest));
        let part = OutputPart {
            part: job.next_part,
            step: lines.step.clone(),
            attempt: lines.attempt,
            at: wall_millis(clock::now()),
            omitted: std::mem::take(&mut omitted),
            text: piece.to_owned(),
        };
        job.next_part += 1;
        let batch = OutputBatch {
            id: job.position.id,
            fence: job.position.fence,
            parts: vec![part],
        };
        unsent.send(board, batch);
        rest = further;
    }
}

/// Returns the length of the first part of a text: whole lines, where they are not longer.
fn piece_of(text: &str) -> usize {
    if text.len() <= MOST_OF_PART {
        return text.len();
    }
    let at = floor(text, MOST_OF_PART);
    text[..at].rfind('\n').map_or(at, |end| end + 1)
}

/// Returns the pieces of an output after its first bytes, each with how many bytes before it are
/// left out.
fn rest_of(output: &Output, sent: u64) -> Vec<(u64, String)> {
    let from = |text: &str, sent: u64| {
        let at = usize::try_from(sent).unwrap_or(usize::MAX).min(text.len());
        text[floor(text, at)..].to_owned()
    };
    let head = output.head.len() as u64;
    let before_tail = head + output.cut;
    let pieces = [
        (0, from(&output.head, sent)),
        (
            before_tail.saturating_sub(sent.max(head)),
            from(&output.tail, sent.saturating_sub(before_tail)),
        ),
    ];
    let printed = pieces.into_iter().filter(|(_, text)| !text.is_empty());
    printed.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_while_a_step_ran_is_not_sent_again() {
        let output = Output {
            head: "one\ntwo\n".to_owned(),
            cut: 100,
            tail: "nine\nten\n".to_owned(),
        };
        let rest = |sent| rest_of(&output, sent);
        let piece = |omitted, text: &str| (omitted, text.to_owned());
        assert_eq!(rest(0), [piece(0, "one\ntwo\n"), piece(100, "nine\nten\n")]);
        assert_eq!(rest(4), [piece(0, "two\n"), piece(100, "nine\nten\n")]);
        assert_eq!(rest(8), [piece(100, "nine\nten\n")]);
        assert_eq!(rest(58), [piece(50, "nine\nten\n")]);
        assert_eq!(rest(113), [piece(0, "ten\n")]);
        assert_eq!(rest(117), []);
    }
}
