//! Letters that were claimed from a board, for a pass of delivery.

use std::cell::RefCell;

use super::entry::QueuedLetter;
use super::letter_store::LetterStore;
use super::store::Outbox;

/// What has become of a claimed letter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClaimedChange<'a> {
    /// The letter waits on, in this form.
    Updated(&'a QueuedLetter),
    /// The letter has left, or never will.
    Removed(&'a QueuedLetter),
}

/// Letters that were claimed from a board, where all that becomes of them is written.
pub(crate) struct ClaimedLetters<'a> {
    outbox: &'a Outbox,
    letters: RefCell<Vec<QueuedLetter>>,
    write: &'a dyn Fn(ClaimedChange<'_>),
}

impl<'a> ClaimedLetters<'a> {
    /// Creates the store of claimed letters; `outbox` is that of this machine.
    pub(crate) fn new(
        outbox: &'a Outbox,
        letters: Vec<QueuedLetter>,
        write: &'a dyn Fn(ClaimedChange<'_>),
    ) -> Self {
        ClaimedLetters {
            outbox,
            letters: RefCell::new(letters),
            write,
        }
    }
}

impl LetterStore for ClaimedLetters<'_> {
    fn waiting(&self) -> Vec<QueuedLetter> {
        self.letters.borrow().clone()
    }

    fn update(&self, letter: &QueuedLetter) {
        let mut letters = self.letters.borrow_mut();
        if let Some(known) = letters.iter_mut().find(|one| one.is_same_letter(letter)) {
            *known = letter.clone();
            (self.write)(ClaimedChange::Updated(letter));
        }
    }

    fn remove(&self, letter: &QueuedLetter) {
        self.letters
            .borrow_mut()
            .retain(|one| !one.is_same_letter(letter));
        (self.write)(ClaimedChange::Removed(letter));
    }

    fn merge(&self, into: &mut QueuedLetter, letter: &QueuedLetter) {
        into.merge(letter);
        // In this order a crash sends a letter twice, and loses none.
        self.update(into);
        self.remove(letter);
    }

    fn outbox(&self) -> &Outbox {
        self.outbox
    }
}
