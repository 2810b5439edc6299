//! What happened while a flow was played.

use super::advice::{AttemptStart, FlowEnd};
use super::journal::JournalEntry;

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
