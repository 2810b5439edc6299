//! The part of a message that counts: its first two lines, without what only terminals understand.

use std::borrow::Cow;

use crate::text::terminal::{self, Piece};

const MOST_LINES: usize = 2;
const MOST_CHARS: usize = 1024;

/// Returns the first two lines that are not blank, at most 1,024 characters, trimmed, joined with a
/// line feed; runs of blanks are one space, ANSI sequences and control characters are gone.
pub(super) fn first_lines(text: &str) -> Cow<'_, str> {
    if is_ready(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len().min(MOST_CHARS * 2) + 16);
    let (mut lines, mut chars, mut blank) = (0, 0, false);
    for piece in terminal::pieces(text) {
        let Piece::Char(c) = piece else { continue };
        match c {
            '\n' | '\r' => {
                if !kept.is_empty() && !kept.ends_with('\n') {
                    lines += 1;
                    if lines == MOST_LINES {
                        break;
                    }
                    kept.push('\n');
                }
                blank = false;
            }
            c if c.is_whitespace() => blank = true,
            c if c.is_control() || terminal::is_invisible(c) => {}
            c => {
                if blank && !kept.is_empty() && !kept.ends_with('\n') {
                    kept.push(' ');
                }
                blank = false;
                kept.push(c);
                chars += 1;
                if chars == MOST_CHARS {
                    break;
                }
            }
        }
    }
    let len = kept.trim_end().len();
    kept.truncate(len);
    Cow::Owned(kept)
}

/// Returns whether there is nothing to prepare: most messages are one short line of ASCII.
fn is_ready(text: &[u8]) -> bool {
    let blank = |c: Option<&u8>| c.is_none_or(|c| *c == b' ');
    if text.len() > MOST_CHARS || blank(text.first()) || blank(text.last()) {
        return false;
    }
    // Without a way out of these loops the compiler looks at many bytes at once.
    let plain = text
        .iter()
        .fold(true, |plain, c| plain & (b' '..0x7f).contains(c));
    let pairs = text.iter().zip(&text[1..]);
    plain
        && !pairs.fold(false, |doubled, (one, other)| {
            doubled | ((one | other) == b' ')
        })
}
