//! What the outbox writes down besides mails: counts, departures, and mails that no server
//! accepted.

use std::time::SystemTime;

use super::delivery_counts::{self, DeliveryEnd};
use super::departures::Departures;
use super::entry::QueuedMail;
use super::mail_files::existing_root;
use super::store::Outbox;
use super::{room, undelivered};

impl Outbox {
    /// Drops the least important mails until the rest fits.
    pub(super) fn make_room(
        &self,
        memory: &mut Vec<QueuedMail>,
        newest: &QueuedMail,
        now: SystemTime,
    ) {
        let dropped = room::surplus(self.waiting_with(memory), newest);
        if dropped.is_empty() {
            return;
        }
        for entry in &dropped {
            self.forget(memory, entry);
            if !entry.is_accepted() {
                self.remember_undelivered(entry);
            }
        }
        self.change_notes(|notes| {
            let sorts = dropped.iter().map(|entry| &entry.mail.place.sort);
            sorts.for_each(|sort| notes.count_dropped(sort, now));
        });
        let count = dropped.len();
        log::error!("the outbox is full: {count} waiting mail dropped; see `mail queue`");
    }

    /// Counts what has become of a mail for one recipient; a disk that refuses has been told of
    /// already.
    pub(crate) fn count(&self, entry: &QueuedMail, end: DeliveryEnd) {
        let _turn = self.records_turn();
        let place = &entry.mail.place;
        let own = (place.chain.as_str(), place.sort.as_str());
        let merged = entry.merged.iter();
        let merged = merged.map(|mail| (mail.chain.as_str(), mail.sort.as_str()));
        let mails = std::iter::once(own).chain(merged);
        let _ = self
            .root()
            .map(|root| delivery_counts::count(&root, mails, end));
    }

    /// Puts a mail into another one of its cause. Only the holder of the lock does this.
    pub(crate) fn merge(&self, into: &mut QueuedMail, mail: &QueuedMail) {
        into.merge(mail);
        // In this order a crash sends a mail twice, and loses none.
        self.update(into);
        self.remove(mail);
    }

    /// Returns which mails left in the last minute.
    pub(crate) fn departures(&self, now: SystemTime) -> Departures {
        let root = existing_root(&self.state).ok().flatten();
        root.map_or_else(Departures::default, |root| Departures::read(&root, now))
    }

    /// Keeps which mails left; a refusing disk costs three mails more.
    pub(crate) fn keep_departures(&self, departures: &Departures) {
        let _ = self.root().map(|root| departures.write(&root));
    }

    /// Remembers that a mail did not leave to any recipient; a refusing disk costs the word on a
    /// screen.
    pub(crate) fn remember_undelivered(&self, entry: &QueuedMail) {
        let _turn = self.records_turn();
        let _ = self.root().map(|root| undelivered::remember(&root, entry));
    }
}
