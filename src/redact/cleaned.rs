//! A text as a person reads it: colours and characters that are not seen cut names and values in
//! two, and hide them from the finders.

use std::ops::Range;

use crate::text::terminal::{Piece, is_invisible, is_plain, pieces};

/// A text without what is not seen, with the place of each of its bytes in the original.
pub(super) struct Cleaned {
    pub(super) text: String,
    /// The place of each byte of `text` in the original, and the length of the original at the end.
    pub(super) places: Vec<usize>,
}

impl Cleaned {
    /// Returns the readings of a text that differ from the text itself: without sequences, control
    /// characters and invisible ones; and, where there are backspaces, with what they took back
    /// gone.
    pub(super) fn readings_of(text: &str) -> Vec<Cleaned> {
        if is_plain(text)
            || text
                .bytes()
                .all(|c| matches!(c, b' '..=b'~' | b'\n' | b'\t' | b'\r'))
        {
            return Vec::new();
        }
        let mut readings = vec![Cleaned::without_controls(text)];
        if text.contains('\u{8}') {
            readings.push(Cleaned::overstruck(text));
        }
        readings
    }

    fn without_controls(text: &str) -> Cleaned {
        Cleaned::collect(text, |_, _| {})
    }

    /// A backspace takes the character before it back.
    fn overstruck(text: &str) -> Cleaned {
        Cleaned::collect(text, |clean, c| {
            if c == '\u{8}' && !clean.text.ends_with('\n') {
                clean.text.pop();
                clean.places.truncate(clean.text.len());
            }
        })
    }

    fn collect(text: &str, on_control: impl Fn(&mut Cleaned, char)) -> Cleaned {
        let mut clean = Cleaned {
            text: String::with_capacity(text.len()),
            places: Vec::with_capacity(text.len() + 1),
        };
        let mut at = 0;
        for piece in pieces(text) {
            match piece {
                Piece::Char(c) if matches!(c, '\n' | '\t' | '\r') => clean.push(c, at),
                Piece::Char(c) if c.is_control() || is_invisible(c) => on_control(&mut clean, c),
                Piece::Char(c) => clean.push(c, at),
                Piece::Sequence(_) => {}
            }
            at += piece.len();
        }
        clean.places.push(text.len());
        clean
    }

    fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.places.extend(at..at + c.len_utf8());
    }

    /// Returns the range of the original that a range of the clean text is: from its first byte to
    /// behind its last.
    pub(super) fn place_in_original(&self, range: Range<usize>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        self.places[range.start]..self.places[range.end - 1] + 1
    }
}
