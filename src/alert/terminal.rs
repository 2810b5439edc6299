//! What only terminals understand.

/// Begins each sequence.
pub(super) const ESC: char = '\u{1b}';

/// Skips what follows ESC: `[…m` and its like (ECMA-48 CSI), a string such as a title up to its end (OSC), or one character.
pub(super) fn skip_sequence(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    match ahead.next() {
        Some('[') => {
            for c in ahead.by_ref() {
                if ('@'..='~').contains(&c) {
                    break;
                }
                if c.is_control() {
                    return;
                }
            }
        }
        Some(']' | 'P' | '_' | '^') => {
            let mut before = ' ';
            for c in ahead.by_ref() {
                if c == '\u{7}' || (before == ESC && c == '\\') {
                    break;
                }
                if c == '\n' {
                    return;
                }
                before = c;
            }
        }
        _ => {}
    }
    *rest = ahead;
}
