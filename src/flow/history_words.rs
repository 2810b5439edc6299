//! What was executed and reverted, in a word each.

use super::flow_history::FlowHistory;
use super::journal::{EntryOutcome, JournalEntry, Phase};

impl FlowHistory {
    /// Returns what was executed and reverted, a word each: `fetch`, `fetch!` where it failed,
    /// `-fetch` for its revert.
    pub(crate) fn in_short(&self) -> String {
        let words = self.journal.iter().filter_map(word);
        words.collect::<Vec<_>>().join(" ")
    }

    /// Returns the same with requests and decisions: `(stop)`, `(retry fetch)`, `[revert fetch]`.
    pub(crate) fn in_full(&self) -> String {
        let words = self.journal.iter().map(|entry| {
            word(entry).unwrap_or_else(|| {
                let outcome = format!("{:?}", entry.outcome).to_lowercase();
                let inner = format!("{outcome} {}", entry.step);
                match entry.phase {
                    Phase::Request => format!("({})", inner.trim()),
                    _ => format!("[{}]", inner.trim()),
                }
            })
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Returns an entry as a word, unless the entry is a request or a decision.
fn word(entry: &JournalEntry) -> Option<String> {
    let sign = match entry.phase {
        Phase::When => "?",
        Phase::Execute => "",
        Phase::Check => "=",
        Phase::Revert => "-",
        Phase::Round if entry.outcome == EntryOutcome::Retry => "round ",
        Phase::Round | Phase::Request | Phase::Decision => return None,
    };
    let end = match entry.outcome {
        EntryOutcome::Failed => "!",
        EntryOutcome::Interrupted => "~",
        EntryOutcome::Killed => "#",
        EntryOutcome::RetryLater => "+",
        EntryOutcome::Skipped => "/",
        _ => "",
    };
    Some(format!("{sign}{}{end}", entry.step))
}
