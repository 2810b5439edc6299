//! An entry of a journal as a line for people.

use std::time::Duration;

use crate::cli::output::plain;
use crate::core::time::exact;
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};

/// Returns an entry in words: `fetch: done in 12ms`.
pub(crate) fn entry_line(entry: &JournalEntry) -> String {
    let what = what_happened(entry);
    let step = &entry.step;
    let mut line = match step.as_str() {
        "" => what,
        step => format!("{step}: {what}"),
    };
    if let Some(error) = &entry.error {
        line.push_str(": ");
        line.push_str(plain(error).lines().next().unwrap_or_default());
    }
    line
}

fn what_happened(entry: &JournalEntry) -> String {
    let millis = u64::try_from(entry.ended - entry.started).unwrap_or(0);
    let took = exact(Duration::from_millis(millis));
    let attempt = match entry.attempt {
        0 | 1 => String::new(),
        attempt => format!(" (try {attempt})"),
    };
    match (entry.phase, entry.outcome) {
        (Phase::Execute, EntryOutcome::Succeeded) => format!("done in {took}{attempt}"),
        (Phase::Execute, EntryOutcome::Failed) => format!("failed after {took}{attempt}"),
        (Phase::Revert, EntryOutcome::Succeeded) => format!("reverted in {took}{attempt}"),
        (Phase::Revert, EntryOutcome::Failed) => {
            format!("the revert failed after {took}{attempt}")
        }
        (Phase::Revert, EntryOutcome::Killed) => format!("its revert was killed after {took}"),
        (Phase::Revert, EntryOutcome::Interrupted) => {
            format!("its revert was interrupted after {took}")
        }
        (Phase::When, EntryOutcome::Succeeded) => "its condition holds".to_owned(),
        (Phase::When, EntryOutcome::Skipped) => "skipped: its condition does not hold".to_owned(),
        (Phase::When, EntryOutcome::Failed) => "its condition could not be asked".to_owned(),
        (Phase::Check, EntryOutcome::Succeeded) => "it was done before the crash".to_owned(),
        (Phase::Check, EntryOutcome::Skipped) => "it was not done before the crash".to_owned(),
        (Phase::Check, EntryOutcome::Failed) => "its check failed".to_owned(),
        (Phase::Round, EntryOutcome::Revert) => "reverted for another round".to_owned(),
        (Phase::Round, _) => format!("round {} begins", entry.attempt),
        (Phase::Decision, EntryOutcome::Revert) => "what was done is reverted".to_owned(),
        (Phase::Decision, EntryOutcome::Failed) => "no other try is made".to_owned(),
        (Phase::Decision, EntryOutcome::Skipped) => "passed over".to_owned(),
        (Phase::Decision, EntryOutcome::Killed) => "what is in progress is ended".to_owned(),
        (Phase::Decision, _) => "the job ends here".to_owned(),
        (Phase::Request, outcome) => request(outcome).to_owned(),
        (_, EntryOutcome::RetryLater) => format!("asked to be tried again later{attempt}"),
        (_, EntryOutcome::Interrupted) => format!("interrupted after {took}"),
        (_, EntryOutcome::Killed) => format!("killed after {took}"),
        (_, outcome) => format!("{outcome:?}").to_lowercase(),
    }
}

fn request(outcome: EntryOutcome) -> &'static str {
    match outcome {
        EntryOutcome::Stop => "asked to stop",
        EntryOutcome::Kill => "asked to end at once",
        EntryOutcome::StopNoRevert => "asked to stop without reverts",
        EntryOutcome::Cancel => "cancelled by a person",
        EntryOutcome::Pause => "asked to pause",
        EntryOutcome::Resume => "the pause has ended",
        EntryOutcome::Retry => "asked to go on",
        EntryOutcome::Revert => "asked to be reverted",
        EntryOutcome::Skipped => "a person has seen to it",
        _ => "asked for something",
    }
}
