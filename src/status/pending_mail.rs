//! What is known of the mails of a chain: how many of them left, and which are yet to come.

use crate::alert::memory::{Limit, Memory, Waiting};
use crate::cli::screen::{counted, local_time};
use crate::process::boot;
use crate::process::live::Glimpse;
use crate::time::{Moment, Mono};

/// Mails of the last hour, and mails to come.
#[derive(Debug, Default)]
pub(super) struct Mails {
    /// How many `max_per_hour` has counted in the last hour, and how many it allows; `None`: nobody knows.
    pub(super) last_hour: Option<(u32, u32)>,
    /// How many are held back, until when, and why.
    pub(super) held_back: Option<String>,
    /// When the next summary comes.
    pub(super) summary: Option<String>,
}

impl Mails {
    /// Reads them off the memory of alerts. What is held back is known to the page of a runner that lives at once, and to the memory
    /// within a minute.
    pub(super) fn of(memory: &Memory, glimpse: Option<&Glimpse>, now: Moment) -> Self {
        let is_of_this_boot = memory.is_of_boot(&boot::id());
        let waiting = match glimpse {
            Some(glimpse) => of_page(glimpse),
            None => memory.waiting(),
        };
        let summary = memory.next_summary();
        Mails {
            last_hour: is_of_this_boot.then(|| memory.in_last_hour(now.mono)),
            held_back: waiting.map(|waiting| {
                let then = glimpse.map_or("", |_| "; then one mail tells of them");
                in_words(&waiting, is_of_this_boot, now) + then
            }),
            summary: summary.map(|due| local_time(due, "%a %d %b %H:%M")),
        }
    }

    /// Says what `max_per_hour` has counted, if anything.
    pub(super) fn of_last_hour(&self) -> Option<String> {
        let (count, most) = self.last_hour.filter(|(count, _)| *count > 0)?;
        let mails = counted(count.into(), "first or new mail", "first or new mails");
        Some(format!(
            "{mails} in the last hour, at most {most} (max_per_hour)"
        ))
    }
}

fn of_page(glimpse: &Glimpse) -> Option<Waiting> {
    let held = glimpse.held_back?;
    Some(Waiting {
        kinds: held.kinds,
        unnamed: held.unnamed,
        until: held.until,
        limit: Limit::numbered(held.limit)?,
    })
}

fn in_words(waiting: &Waiting, is_of_this_boot: bool, now: Moment) -> String {
    let count = counted(waiting.kinds, "mail", "mails");
    let until = (is_of_this_boot && waiting.until < Mono::NEVER)
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
        waiting.limit.words()
    )
}
