//! Why a text is no cron expression.

use std::fmt;
use std::ops::Range;

/// Why a text is no cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CronError {
    /// The reason, as a fragment for messages.
    pub(crate) message: String,
    /// What to write instead; empty: nothing is known.
    pub(crate) remedy: String,
    /// Where in the text, in bytes.
    pub(crate) place: Range<usize>,
}

impl CronError {
    /// Creates an error about a part of the text.
    pub(super) fn at(place: Range<usize>, message: String, remedy: impl Into<String>) -> Self {
        CronError {
            message,
            remedy: remedy.into(),
            place,
        }
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CronError {}
