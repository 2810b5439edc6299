//! Escape sequences and control characters, read in one place for texts, kinds, redaction, log and
//! mails.
//!
//! The grammar is that of ECMA-48 with the strings of xterm (ctlseqs): CSI, OSC and its kin,
//! charset designations such as `ESC ( B`, and the 8-bit forms of C1.

use std::borrow::Cow;

const ESC: char = '\u{1b}';
/// A control string that is longer than this many bytes is no title: only its introducer is one.
const LONGEST_STRING: usize = 4096;

/// A unit of a text as a terminal reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A character that is shown, or a control character other than ESC.
    Char(char),
    /// A whole escape sequence.
    Sequence(&'a str),
}

impl Piece<'_> {
    /// Returns the number of bytes of the piece.
    pub(crate) fn len(self) -> usize {
        match self {
            Piece::Char(c) => c.len_utf8(),
            Piece::Sequence(sequence) => sequence.len(),
        }
    }
}

/// Iterates over the pieces of a text.
#[derive(Clone, Debug)]
pub(crate) struct Pieces<'a> {
    rest: &'a str,
}

/// Returns the pieces of `text`, in order; together they are the text.
pub(crate) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let first = self.rest.chars().next()?;
        let piece = match sequence_length(self.rest, first) {
            Some(len) => Piece::Sequence(&self.rest[..len]),
            None => Piece::Char(first),
        };
        self.rest = &self.rest[piece.len()..];
        Some(piece)
    }
}

/// Returns the length in bytes of the escape sequence that begins `text`, if `first` introduces
/// one.
fn sequence_length(text: &str, first: char) -> Option<usize> {
    let after = &text[first.len_utf8()..];
    let introducer = first.len_utf8();
    match first {
        '\u{9b}' => Some(introducer + control_sequence(after)),
        '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => Some(introducer + control_string(after)),
        ESC => Some(introducer + escape(after)),
        _ => None,
    }
}

/// Returns how much of what follows ESC belongs to its sequence.
fn escape(after: &str) -> usize {
    match after.bytes().next() {
        Some(b'[') => 1 + control_sequence(&after[1..]),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => 1 + control_string(&after[1..]),
        Some(b' '..=b'/') => {
            let intermediates = count(after, |c| matches!(c, b' '..=b'/'));
            intermediates + count_one(&after[intermediates..], |c| matches!(c, b'0'..=b'~'))
        }
        Some(b'0'..=b'~') => 1,
        _ => 0,
    }
}

/// Returns the length of the parameters, the intermediates and the final byte of a CSI sequence. A
/// control character ends the sequence and stays.
fn control_sequence(after: &str) -> usize {
    let parameters = count(after, |c| matches!(c, b' '..=b'?'));
    parameters + count_one(&after[parameters..], |c| matches!(c, b'@'..=b'~'))
}

/// Returns the length of a control string with its end (BEL, ST). A string without an end on its
/// line takes nothing with it: the text after it may be what went wrong.
fn control_string(after: &str) -> usize {
    let mut before = ' ';
    for (at, c) in after.char_indices() {
        match c {
            '\n' => return 0,
            '\u{7}' | '\u{9c}' => return at + c.len_utf8(),
            '\\' if before == ESC => return at + 1,
            _ if at > LONGEST_STRING => return 0,
            _ => before = c,
        }
    }
    0
}

fn count(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|c| wanted(*c)).count()
}

fn count_one(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    usize::from(text.bytes().next().is_some_and(wanted))
}

/// Returns whether a character has no width and changes what is seen or compared: direction of
/// writing, joining, width zero, byte order.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Returns whether a character steers what shows it instead of being seen: it moves the cursor,
/// begins an escape sequence (C0, DEL, C1 with the 8-bit CSI), turns the direction of writing, ends
/// a line, or has no width.
pub(crate) fn steers(c: char) -> bool {
    c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Returns whether a terminal shows `text` as it is: lines, tabs, and characters that are seen.
pub(crate) fn is_plain(text: &str) -> bool {
    let ascii = |c: u8| matches!(c, b' '..=b'~' | b'\n' | b'\t');
    // Without a way out of the loop the compiler looks at many bytes at once.
    text.bytes().fold(true, |plain, c| plain & ascii(c))
        || text
            .chars()
            .all(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_invisible(c)))
}

/// Returns the lines that a terminal shows in the end: sequences, control characters and invisible
/// characters are gone, and what was written over by `\r`, a backspace or an erased line is not
/// there.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(TerminalScreen::default().shown(text))
}

/// Returns the same as [`plain`], with the colours (SGR sequences) of the text that is left.
pub(crate) fn coloured(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let screen = TerminalScreen {
        keeps_colours: true,
        ..TerminalScreen::default()
    };
    Cow::Owned(screen.shown(text))
}

/// Returns whether an escape sequence only sets colours and their like (SGR).
pub(crate) fn is_colour(sequence: &str) -> bool {
    let parameters = sequence
        .strip_prefix("\u{1b}[")
        .or_else(|| sequence.strip_prefix('\u{9b}'))
        .and_then(|rest| rest.strip_suffix('m'));
    parameters.is_some_and(|digits| {
        digits
            .bytes()
            .all(|c| c.is_ascii_digit() || matches!(c, b';' | b':'))
    })
}

/// The lines that were written, the last of them as far as it goes.
#[derive(Default)]
struct TerminalScreen {
    keeps_colours: bool,
    done: String,
    line: String,
    /// `\r` has brought the cursor back: what comes next is written over the line.
    returned: bool,
    /// Blanks that were written since, which wipe the line out when they are as many.
    blanks: usize,
}

impl TerminalScreen {
    fn shown(mut self, text: &str) -> String {
        for piece in pieces(text) {
            match piece {
                Piece::Char('\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') => {
                    self.end_line();
                }
                Piece::Char('\r') => (self.returned, self.blanks) = (true, 0),
                Piece::Char('\u{8}') => {
                    self.line.pop();
                }
                Piece::Char(c) if c != '\t' && (c.is_control() || is_invisible(c)) => {}
                Piece::Char(c) => self.write(c),
                Piece::Sequence(sequence) => self.obey(sequence),
            }
        }
        self.done.push_str(&self.line);
        self.done
    }

    fn end_line(&mut self) {
        self.done.push_str(&self.line);
        self.done.push('\n');
        self.line.clear();
        self.returned = false;
    }

    fn write(&mut self, c: char) {
        if self.returned && c == ' ' {
            self.blanks += 1;
            if self.blanks >= self.line.chars().count() {
                self.line.clear();
            }
            return;
        }
        if self.returned {
            // What is left of a longer text below is not what the program wants to be read.
            self.line.clear();
            self.line.extend(std::iter::repeat_n(' ', self.blanks));
            self.returned = false;
        }
        self.line.push(c);
    }

    /// Colours are kept where they are wanted, and `CSI K` erases.
    fn obey(&mut self, sequence: &str) {
        if is_colour(sequence) {
            if self.keeps_colours && !self.returned {
                self.line.push_str(sequence);
            }
        } else if sequence.ends_with('K') && sequence.len() <= 4 {
            let whole = sequence.ends_with("2K") || self.returned;
            if whole {
                self.line.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_the_words_and_no_sequence() {
        for (text, shown) in [
            ("\u{1b}[1;31merror\u{1b}[0m: no", "error: no"),
            ("\u{9b}1;31merror\u{9b}0m: no", "error: no"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{9d}0;title\u{9c}text", "text"),
            ("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("disk failed\u{1b}(B", "disk failed"),
            ("\u{1b}=\u{1b}#8a\u{1b}7b", "ab"),
            ("pass\u{0}wo\u{200b}rd", "password"),
            ("a\tb", "a\tb"),
            ("\u{1b}[31", ""),
            ("\u{1b}", ""),
            ("no end \u{1b}]0;disk full", "no end 0;disk full"),
            ("\u{feff}mark", "mark"),
        ] {
            assert_eq!(plain(text), shown, "{text:?}");
        }
    }

    #[test]
    fn what_was_written_over_is_not_shown() {
        for (text, shown) in [
            ("10%\r20%\rdone\n", "done\n"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("progress 50%\r            \rdone", "done"),
            ("progress 50%\r            \r\n", "\n"),
            ("progress 50%\r\u{1b}[Kdone", "done"),
            ("progress 50%\u{1b}[2K\r\n", "\n"),
            ("no\u{8}\u{8}yes", "yes"),
            ("n\u{8}na\u{8}a", "na"),
        ] {
            assert_eq!(plain(text), shown, "{text:?}");
        }
    }

    #[test]
    fn colours_stay_where_they_are_wanted() {
        let text = "a\u{1b}[1;31mred\u{1b}[0m\u{1b}[2Jb\u{1b}]0;t\u{7}";
        assert_eq!(coloured(text), "a\u{1b}[1;31mred\u{1b}[0mb");
        assert_eq!(plain(text), "aredb");
    }

    #[test]
    fn pieces_are_the_text() {
        for text in ["\u{1b}[\u{1b}]x\n\u{1b}(", "ä\u{9b}ö", "\u{1b}P\u{1b}\\"] {
            let total: usize = pieces(text).map(Piece::len).sum();
            assert_eq!(total, text.len(), "{text:?}");
        }
    }
}
