//! A message on its way to its normal form: what is copied, and what is replaced.

use super::words::{self, Keeps};

/// A message on its way to its normal form.
pub(super) struct Scan<'a> {
    /// All of the message.
    pub(super) text: &'a [u8],
    /// The next byte that is to be classified.
    pub(super) at: usize,
    /// The normal form, as far as it is written.
    pub(super) out: Vec<u8>,
    /// What stands between here and the current place is copied when something else comes: a few
    /// long copies are faster than many short ones.
    pub(super) copied: usize,
    /// What the last word means for the next number: `status` and its like make a number a code.
    pub(super) keeps: Keeps,
    /// Whether the last word was `id` or its like: what follows is an identifier.
    pub(super) names_id: bool,
    /// For each kind of quotes: before this place none closes.
    pub(super) unclosed: [usize; 6],
    /// For each kind of quotes: where the one that is open closes.
    pub(super) closes: [usize; 6],
}

impl<'a> Scan<'a> {
    /// Returns what is still to be classified.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    /// Returns the byte before the current place.
    pub(super) fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).map(|at| self.text[at])
    }

    /// Copies `len` bytes.
    pub(super) fn copy(&mut self, len: usize) {
        self.at += len;
    }

    pub(super) fn catch_up(&mut self) {
        self.out.extend_from_slice(&self.text[self.copied..self.at]);
        self.copied = self.at;
    }

    /// Replaces `len` bytes by a token.
    pub(super) fn replace(&mut self, token: &str, len: usize) {
        self.catch_up();
        self.out.extend_from_slice(token.as_bytes());
        self.at += len;
        self.copied = self.at;
        self.forget_word();
    }

    /// Takes note of a word.
    pub(super) fn heard(&mut self, word: &[u8]) {
        self.keeps = words::keeps_next(word, self.keeps);
        self.names_id = words::names_id(word);
    }

    /// What the last word meant holds no longer.
    pub(super) fn forget_word(&mut self) {
        self.keeps = Keeps::Nothing;
        self.names_id = false;
    }
}
