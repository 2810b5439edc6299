//! What happened while a flow was played.

use super::advice::{AttemptStart, FlowEnd};
use super::journal::{EntryOutcome, JournalEntry, Phase};

/// What happened, from the first beginning to the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowHistory {
    /// What happened, in its order.
    pub(crate) events: Vec<FlowEvent>,
    /// The journal of the job.
    pub(crate) journal: Vec<JournalEntry>,
    /// How it ended; `None`: too much happened before.
    pub(crate) end: Option<FlowEnd>,
}

/// Something that happened. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FlowEvent {
    /// A worker claimed the job.
    Claimed {
        /// When.
        at: i64,
        /// The worker.
        worker: String,
    },
    /// An attempt began.
    Began {
        /// When.
        at: i64,
        /// The attempt.
        attempt: AttemptStart,
    },
    /// An entry was written.
    Wrote(JournalEntry),
    /// The worker died.
    Crashed {
        /// When.
        at: i64,
    },
    /// The worker gave the job back.
    GaveBack {
        /// When.
        at: i64,
        /// When it may be claimed again.
        run_at: i64,
        /// By which workers not.
        avoid: Vec<String>,
    },
    /// The job ended, or came to rest until a request.
    Rested {
        /// When.
        at: i64,
        /// How.
        end: FlowEnd,
    },
}

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
