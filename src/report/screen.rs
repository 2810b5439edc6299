//! What a terminal can do, and the lines that fit on it.

use crate::alert::message::shortened;

pub(crate) const BOLD: &str = "\x1b[1m";
pub(crate) const RED: &str = "\x1b[31m";
pub(crate) const GREEN: &str = "\x1b[32m";
pub(crate) const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// What the screen can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReportScreen {
    /// How many columns it has; `None`: any number.
    pub(crate) width: Option<usize>,
    /// Whether it has colours.
    pub(crate) colours: bool,
}

impl ReportScreen {
    /// Returns a line with its end, cut where the screen ends.
    pub(crate) fn line(self, indent: usize, colour: &str, text: &str) -> String {
        let room = self.width.map(|width| width.saturating_sub(indent).max(1));
        let text = self.painted(colour, &fitting(text, room));
        format!("{:indent$}{text}\n", "")
    }

    /// Returns a text in a colour, if it can be and one is named.
    pub(crate) fn painted(self, colour: &str, text: &str) -> String {
        if self.colours && !colour.is_empty() {
            format!("{colour}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }
}

/// Returns a text that fits into so many columns; what does not fit is marked by `…`.
pub(crate) fn fitting(text: &str, width: Option<usize>) -> String {
    width.map_or_else(|| text.to_owned(), |width| shortened(text, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        assert_eq!(fitting("abc def", None), "abc def");
        assert_eq!(fitting("abc def", Some(7)), "abc def");
        assert_eq!(fitting("abc def", Some(5)), "abc…");
        assert_eq!(fitting("äöü", Some(2)), "ä…");
    }
}
