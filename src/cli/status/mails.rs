//! What is known of the mails of a chain that are yet to come.

use crate::alert::memory::Memory;
use crate::cli::screen::{counted, local_time};
use crate::process::boot;
use crate::time::Moment;

/// Mails to come.
#[derive(Debug, Default)]
pub(super) struct Mails {
    /// How many are held back, until when, and why.
    pub(super) held_back: Option<String>,
    /// When the next summary comes.
    pub(super) summary: Option<String>,
}

impl Mails {
    /// Reads them off the memory of alerts.
    pub(super) fn of(memory: &Memory, now: Moment) -> Self {
        let held_back = memory.waiting().map(|waiting| {
            let count = counted(waiting.kinds, "mail", "mails");
            let until = memory
                .is_of_boot(&boot::id())
                .then(|| now.at(waiting.until).wall)
                .filter(|until| *until > now.wall)
                .map(|until| format!(" until {}", local_time(until, "%H:%M")));
            let unnamed = match waiting.unnamed {
                0 => String::new(),
                more => format!(", and {} more", counted(more, "failure", "failures")),
            };
            format!(
                "{count} held back{}: {}{unnamed}",
                until.unwrap_or_default(),
                waiting.limit
            )
        });
        let summary = memory.next_summary();
        Mails {
            held_back,
            summary: summary.map(|due| local_time(due, "%a %d %b %H:%M")),
        }
    }
}
