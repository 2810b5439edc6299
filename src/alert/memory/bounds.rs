//! Bounds of what is remembered.

use std::time::Duration;

use crate::core::time::Mono;

/// How many kinds are remembered of a task; the least recently seen goes.
pub(crate) const MOST_KINDS: usize = 64;

/// How many bytes of a failure's text are remembered.
const MOST_TEXT: usize = 512;

/// What is remembered is from no longer ago: anything older was damaged.
const LONGEST_PAST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// Returns as much of a text as is remembered, cut at a character boundary.
pub(super) fn bounded(text: &str) -> &str {
    beginning(text, MOST_TEXT)
}

/// Returns as much of a text as a note at this level has room for.
pub(super) fn shorter(text: &str, level: u32) -> String {
    beginning(text, MOST_TEXT >> level).to_owned()
}

fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns `then` as far as it can be believed: not ahead of the clock, and so lately that it can
/// be counted on from there.
pub(super) fn no_later(then: Mono, now: Mono) -> Mono {
    then.clamp(now - LONGEST_PAST, now)
}
