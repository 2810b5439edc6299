//! Mails with one cause: three leave alone in any minute, later ones wait until the minute is
//! over and leave as one.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::mail::outbox::{Departures, MailStore, QueuedMail, group_of, is_untried};
use crate::mail::schedule;

/// Whether mails with one cause wait until a minute is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MergeHolding {
    /// The mails wait.
    UntilMinuteIsOver,
    /// Nobody will deliver them later, or everything is wanted now: they leave as one at once.
    No,
}

impl MergeHolding {
    /// Returns how a runner that goes on, or ends, holds mails.
    pub(crate) fn while_running(is_running: bool) -> Self {
        match is_running {
            true => MergeHolding::UntilMinuteIsOver,
            false => MergeHolding::No,
        }
    }
}

/// Which mails of the outbox left lately, and which are to leave as one.
pub(super) struct CauseGroups<'a> {
    outbox: &'a dyn MailStore,
    holding: MergeHolding,
    now: &'a dyn Fn() -> SystemTime,
    departures: Departures,
}

impl<'a> CauseGroups<'a> {
    /// Reads from the outbox which mails left lately.
    pub(super) fn new(
        outbox: &'a dyn MailStore,
        holding: MergeHolding,
        now: &'a dyn Fn() -> SystemTime,
    ) -> Self {
        CauseGroups {
            outbox,
            holding,
            now,
            departures: outbox.departures(now()),
        }
    }

    /// Returns what waits, oldest first, with mails that have to wait for a minute merged into
    /// one of their group.
    pub(super) fn merged_by_cause(&self) -> Vec<QueuedMail> {
        let mut departures = self.departures.clone();
        let mut held: HashMap<u64, usize> = HashMap::new();
        let mut entries: Vec<QueuedMail> = Vec::new();
        for mut entry in self.outbox.waiting() {
            let group = group_of(&entry).filter(|_| self.can_be_merged(&entry));
            let Some(group) = group else {
                entries.push(entry);
                continue;
            };
            if let Some(&at) = held.get(&group) {
                self.outbox.merge(&mut entries[at], &entry);
                continue;
            }
            let now = (self.now)();
            let until = departures.full_until(group, &entry.mail.place);
            if until.is_some() || entry.held {
                let wait = until.filter(|_| self.holding == MergeHolding::UntilMinuteIsOver);
                let was = entry.clone();
                entry.hold_until(wait.unwrap_or(now));
                if entry != was {
                    self.outbox.update(&entry);
                }
                held.insert(group, entries.len());
            } else {
                departures.add(group, &entry.mail.place, now);
            }
            entries.push(entry);
        }
        entries
    }

    /// A mail that was put off for a reason of its own keeps its time.
    fn can_be_merged(&self, entry: &QueuedMail) -> bool {
        let is_due = entry
            .next()
            .is_some_and(|next| schedule::is_due(next, (self.now)()));
        is_untried(entry) && (entry.held || is_due)
    }

    /// Remembers that a mail left.
    pub(super) fn departed(&mut self, entry: &QueuedMail) {
        if let Some(group) = group_of(entry) {
            self.departures.add(group, &entry.mail.place, (self.now)());
            self.outbox.keep_departures(&self.departures);
        }
    }
}

#[cfg(test)]
#[path = "merging_tests.rs"]
mod tests;
