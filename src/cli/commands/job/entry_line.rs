//! An entry of a journal as a line for people.

use crate::cli::output::plain;
use crate::flow::journal::JournalEntry;
use crate::flow::{Took, what_happened};

/// Returns an entry in words: `fetch: done in 12ms`.
pub(crate) fn entry_line(entry: &JournalEntry) -> String {
    let what = what_happened(entry, Took::Shown);
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
