//! Letters that were claimed from a board, for a pass of delivery.

use std::cell::RefCell;

use super::entry::QueuedMail;
use super::mail_store::MailStore;
use super::store::Outbox;

/// What has become of a claimed letter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClaimedChange<'a> {
    /// The letter waits on, in this form.
    Updated(&'a QueuedMail),
    /// The letter has left, or never will.
    Removed(&'a QueuedMail),
}

/// Letters that were claimed from a board, where all that becomes of them is written.
pub(crate) struct ClaimedMails<'a> {
    outbox: &'a Outbox,
    letters: RefCell<Vec<QueuedMail>>,
    write: &'a dyn Fn(ClaimedChange<'_>),
}

impl<'a> ClaimedMails<'a> {
    /// Creates the store of claimed letters; `outbox` is that of this machine.
    pub(crate) fn new(
        outbox: &'a Outbox,
        letters: Vec<QueuedMail>,
        write: &'a dyn Fn(ClaimedChange<'_>),
    ) -> Self {
        ClaimedMails {
            outbox,
            letters: RefCell::new(letters),
            write,
        }
    }
}

impl MailStore for ClaimedMails<'_> {
    fn waiting(&self) -> Vec<QueuedMail> {
        self.letters.borrow().clone()
    }

    fn update(&self, letter: &QueuedMail) {
        let mut letters = self.letters.borrow_mut();
        if let Some(known) = letters.iter_mut().find(|one| one.is_same_mail(letter)) {
            *known = letter.clone();
            (self.write)(ClaimedChange::Updated(letter));
        }
    }

    fn remove(&self, letter: &QueuedMail) {
        self.letters
            .borrow_mut()
            .retain(|one| !one.is_same_mail(letter));
        (self.write)(ClaimedChange::Removed(letter));
    }

    fn merge(&self, into: &mut QueuedMail, letter: &QueuedMail) {
        into.merge(letter);
        // In this order a crash sends a letter twice, and loses none.
        self.update(into);
        self.remove(letter);
    }

    fn outbox(&self) -> &Outbox {
        self.outbox
    }
}
