//! Where letters wait: the outbox of a machine, or what was claimed from elsewhere.

use std::time::SystemTime;

use super::delivery_counts::DeliveryEnd;
use super::departures::Departures;
use super::entry::QueuedMail;
use super::path_state::PathState;
use super::store::Outbox;

/// Where letters wait that a pass of delivery tries.
pub(crate) trait MailStore {
    /// Returns what waits, oldest first.
    fn waiting(&self) -> Vec<QueuedMail>;

    /// Writes what has become of a letter.
    fn update(&self, letter: &QueuedMail);

    /// Removes a letter that has left, or never will.
    fn remove(&self, letter: &QueuedMail);

    /// Puts a letter into another one of its cause.
    fn merge(&self, into: &mut QueuedMail, letter: &QueuedMail);

    /// Returns the outbox of this machine, which knows how its way to the server fares.
    fn outbox(&self) -> &Outbox;

    /// Returns what mails mention besides their own matter.
    fn notes(&self) -> PathState {
        self.outbox().notes()
    }

    /// Changes what mails mention besides their own matter.
    fn change_notes(&self, change: &dyn Fn(&mut PathState)) {
        self.outbox().change_notes(change);
    }

    /// Moves a message that will not leave to `failed`, with the reason beside it.
    fn fail(&self, stem: &str, message: &[u8], reason: &str) {
        self.outbox().fail(stem, message, reason);
    }

    /// Counts an attempt that came to its end.
    fn count(&self, letter: &QueuedMail, end: DeliveryEnd) {
        self.outbox().count(letter, end);
    }

    /// Returns which letters left in the last minute.
    fn departures(&self, now: SystemTime) -> Departures {
        self.outbox().departures(now)
    }

    /// Keeps which letters left.
    fn keep_departures(&self, departures: &Departures) {
        self.outbox().keep_departures(departures);
    }

    /// Remembers that a letter did not leave to any recipient.
    fn remember_undelivered(&self, letter: &QueuedMail) {
        self.outbox().remember_undelivered(letter);
    }
}

impl MailStore for Outbox {
    fn waiting(&self) -> Vec<QueuedMail> {
        Outbox::waiting(self)
    }

    fn update(&self, letter: &QueuedMail) {
        Outbox::update(self, letter);
    }

    fn remove(&self, letter: &QueuedMail) {
        Outbox::remove(self, letter);
    }

    fn merge(&self, into: &mut QueuedMail, letter: &QueuedMail) {
        Outbox::merge(self, into, letter);
    }

    fn outbox(&self) -> &Outbox {
        self
    }
}
