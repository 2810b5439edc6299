//! Entries of a journal in words.

use std::time::Duration;

use super::journal::{EntryOutcome, JournalEntry, Phase};
use crate::core::time::exact;

/// Whether the words for an entry have how long something took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// `done in 12ms`.
    Shown,
    /// `done`.
    LeftOut,
}

/// Returns what an entry is about, without its step and its error: `done in 12ms (try 2)`.
pub(crate) fn what_happened(entry: &JournalEntry, took: Took) -> String {
    let millis = u64::try_from(entry.ended - entry.started).unwrap_or(0);
    let span = |word: &str| match took {
        Took::Shown => format!(" {word} {}", exact(Duration::from_millis(millis))),
        Took::LeftOut => String::new(),
    };
    let (within, after) = (span("in"), span("after"));
    let attempt = match entry.attempt {
        0 | 1 => String::new(),
        attempt => format!(" (try {attempt})"),
    };
    match (entry.phase, entry.outcome) {
        (Phase::Execute, EntryOutcome::Succeeded) => format!("done{within}{attempt}"),
        (Phase::Execute, EntryOutcome::Failed) => format!("failed{after}{attempt}"),
        (Phase::Revert, EntryOutcome::Succeeded) => format!("reverted{within}{attempt}"),
        (Phase::Revert, EntryOutcome::Failed) => {
            format!("the revert failed{after}{attempt}")
        }
        (Phase::Revert, EntryOutcome::Killed) => format!("its revert was killed{after}"),
        (Phase::Revert, EntryOutcome::Interrupted) => {
            format!("its revert was interrupted{after}")
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
        (Phase::Decision, _) => "the job ends here".to_owned(),
        (Phase::Request, outcome) => request(outcome).to_owned(),
        (_, EntryOutcome::RetryLater) => format!("asked to be tried again later{attempt}"),
        (_, EntryOutcome::Interrupted) => format!("interrupted{after}"),
        (_, EntryOutcome::Killed) => format!("killed{after}"),
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
