//! The part of a message that counts: its first two lines, without what only terminals understand.

use crate::alert::terminal::{ESC, skip_sequence};

const MOST_LINES: usize = 2;
const MOST_CHARS: usize = 1024;

/// Returns the first two lines that are not blank, at most 1,024 characters, trimmed, joined with a line feed; runs of blanks are one space, ANSI
/// sequences and control characters are gone.
pub(super) fn first_lines(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(MOST_CHARS * 2) + 16);
    let (mut lines, mut chars, mut blank) = (0, 0, false);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
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
            ESC => skip_sequence(&mut rest),
            c if c.is_whitespace() => blank = true,
            c if c.is_control() => {}
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
    kept
}
