//! Texts and names that others wrote, made fit for a line of the report.

use crate::alert::message::one_line;

/// How much of an error is shown.
const MOST_OF_A_TEXT: usize = 240;
const MOST_OF_A_NAME: usize = 80;

/// Returns a text that others wrote as part of a line: no control characters, and the marks that
/// are invisible are shown.
pub(super) fn theirs(text: &str) -> String {
    one_line(text, MOST_OF_A_TEXT)
}

/// Returns a name that others gave.
pub(super) fn name(text: &str) -> String {
    one_line(text, MOST_OF_A_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_hide_or_turn_anything() {
        assert_eq!(theirs("a\0b\u{202e}c\nd"), "ab<U+202E>c d");
        assert_eq!(theirs(&"x".repeat(100_000)).chars().count(), MOST_OF_A_TEXT);
    }
}
