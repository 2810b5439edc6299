//! Letters and words in bytes: what every finder looks at.

/// Returns whether no letter, digit or underscore stands before `at`. A backslash escape such as
/// `\n` is no letter.
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
