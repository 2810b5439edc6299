//! Secrets that are known by their shape: one pass over the text, each finder called where its mark stands.

use std::ops::Range;

use super::{options, pairs, pem, tokens, url};

/// Adds the places of all that looks like a secret to `found`, in order, none inside another.
pub(super) fn find(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut urls = url::Finder::default();
    let mut blocks = pem::Finder::default();
    let mut at = 0;
    while at < text.len() {
        let range = match text[at] {
            b':' if text[at..].starts_with(b"://") => urls.userinfo(text, at),
            b':' | b'=' | b'%' | b'>' => pairs::value_after(text, at),
            b'@' => url::login_of_data_source(text, at),
            b'-' if text[at..].starts_with(b"-----") => blocks.block(text, at),
            b'-' => options::value_of(text, at),
            b'\'' | b'"' => pairs::quoted_after_word(text, at),
            c if c.is_ascii_alphanumeric() && starts_word(text, at) => tokens::at(text, at),
            _ => None,
        };
        match range {
            Some(range) => {
                at = range.end.max(at + 1);
                found.push(range);
            }
            None => at += 1,
        }
    }
}

/// Returns whether no letter, digit or underscore stands before `at`. A backslash escape such as `\n` is no letter.
pub(super) fn starts_word(text: &[u8], at: usize) -> bool {
    match at.checked_sub(1).map(|before| text[before]) {
        None => true,
        Some(b'n' | b'r' | b't') if at >= 2 && text[at - 2] == b'\\' => true,
        Some(before) => !is_word(before),
    }
}

/// Returns whether this is a letter, a digit or an underscore.
pub(super) fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

/// Returns the number of bytes at the beginning of `text` that `wanted` holds for, at most `most`.
pub(super) fn count(text: &[u8], most: usize, wanted: impl Fn(u8) -> bool) -> usize {
    text.iter().take(most).take_while(|c| wanted(**c)).count()
}

/// Returns the number of bytes at the end of `text` that `wanted` holds for, at most `most`.
pub(super) fn count_back(text: &[u8], most: usize, wanted: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .rev()
        .take(most)
        .take_while(|c| wanted(**c))
        .count()
}
