//! What is known of the mails of a chain: how many of them left, and which are yet to come.

use crate::alert::memory::{AlertMemory, DeferredSummary, MailLimit};
use crate::core::time::{Moment, Mono};
use crate::text::counts::counted_or_no;
use crate::unix::boot;
use crate::unix::clock::local_time;
use crate::unix::live::LiveSnapshot;

/// Mails of the last hour, and mails to come.
#[derive(Debug, Default)]
pub(crate) struct PendingMail {
    /// How many `max_per_hour` has counted in the last hour, and how many it allows; `None`: nobody
    /// knows.
    pub(crate) last_hour: Option<(u32, u32)>,
    /// How many are held back, until when, and why.
    pub(crate) held_back: Option<String>,
    /// When the next summary comes.
    pub(crate) summary: Option<String>,
}

impl PendingMail {
    /// Reads them off the memory of alerts. What is held back is known to the page of a runner that
    /// lives at once, and to the memory within a minute.
    pub(crate) fn of(memory: &AlertMemory, glimpse: Option<&LiveSnapshot>, now: Moment) -> Self {
        let is_of_this_boot = memory.is_of_boot(&boot::id());
        let waiting = match glimpse {
            Some(glimpse) => of_page(glimpse),
            None => memory.waiting(),
        };
        let summary = memory.next_summary();
        PendingMail {
            last_hour: is_of_this_boot.then(|| memory.in_last_hour(now.mono)),
            held_back: waiting.map(|waiting| {
                let then = glimpse.map_or("", |_| "; then one mail tells of them");
                in_words(&waiting, is_of_this_boot, now) + then
            }),
            summary: summary.map(|due| local_time(due, "%a %d %b %H:%M")),
        }
    }

    /// Returns how many mails of the last hour count against `max_per_hour`; `None` without any.
    pub(crate) fn of_last_hour(&self) -> Option<String> {
        let (count, most) = self.last_hour.filter(|(count, _)| *count > 0)?;
        let mails = counted_or_no(count.into(), "first or new mail", "first or new mails");
        Some(format!(
            "{mails} in the last hour, at most {most} (max_per_hour)"
        ))
    }
}

fn of_page(glimpse: &LiveSnapshot) -> Option<DeferredSummary> {
    let held = glimpse.held_back?;
    Some(DeferredSummary {
        kinds: held.kinds,
        unnamed: held.unnamed,
        until: held.until,
        limit: MailLimit::numbered(held.limit)?,
    })
}

fn in_words(waiting: &DeferredSummary, is_of_this_boot: bool, now: Moment) -> String {
    let count = counted_or_no(waiting.kinds, "mail", "mails");
    let until = (is_of_this_boot && waiting.until < Mono::NEVER)
        .then(|| now.at(waiting.until).wall)
        .filter(|until| *until > now.wall)
        .map(|until| format!(" until {}", local_time(until, "%H:%M")));
    let unnamed = match waiting.unnamed {
        0 => String::new(),
        more => format!(", and {} more", counted_or_no(more, "failure", "failures")),
    };
    format!(
        "{count} held back{}: {}{unnamed}",
        until.unwrap_or_default(),
        waiting.limit.words()
    )
}
