//! Words as a shell reads them.

use super::terminal::steers;

/// Puts a word into quotation marks where a shell would need them.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let clean: String = word
        .chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect();
    format!("'{}'", clean.replace('\'', "'\\''"))
}
