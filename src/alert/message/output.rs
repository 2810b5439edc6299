//! The part of a run's output that is mailed: its beginning and its end.

use super::lines::{block, harmless, left_out_note};
use crate::core::failure::Output;
use crate::text::cut::floor;

const MOST_OF_HEAD: usize = 4 * 1024;
const MOST_OF_TAIL: usize = 12 * 1024;
/// A line that is cut may still be cut at its beginning when that is no farther away.
const MOST_OF_A_PARTIAL_LINE: usize = 200;

/// Adds at most 16 KiB of output, of which no more than `most` bytes once each line is indented.
pub(super) fn section(body: &mut String, output: &Output, most: usize) {
    let (head, tail) = (harmless(&output.head), harmless(&output.tail));
    if head.trim().is_empty() && tail.trim().is_empty() {
        return;
    }
    body.push_str("\nOutput:\n");
    let whole = head.len() + tail.len();
    if output.cut == 0 && whole <= MOST_OF_HEAD + MOST_OF_TAIL && fits(&head, &tail, most) {
        return block(body, &format!("{head}{tail}"), most);
    }
    let first = first_lines(&head, MOST_OF_HEAD.min(most / 8));
    let rest = &head[first.len()..];
    let limit = MOST_OF_TAIL.min(most * 3 / 8);
    // What was captured in one piece may have its end in `head`.
    let last = if tail.is_empty() {
        last_lines(rest, limit).to_owned()
    } else {
        let of_head = if output.cut == 0 { rest } else { "" };
        last_lines(&format!("{of_head}{tail}"), limit).to_owned()
    };
    let shown = (first.len() + last.len()) as u64;
    block(body, first, most);
    body.push_str(&left_out_note(
        (whole as u64 + output.cut).saturating_sub(shown),
    ));
    body.push('\n');
    block(body, &last, most);
}

/// Returns whether both fit when each line is indented.
fn fits(head: &str, tail: &str, most: usize) -> bool {
    let lines = head.lines().count() + tail.lines().count();
    head.len() + tail.len() + lines * 3 + 64 <= most
}

fn first_lines(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let cut = floor(text, most);
    match text[..cut].rfind('\n') {
        Some(end) if cut - end <= MOST_OF_A_PARTIAL_LINE => &text[..=end],
        _ => &text[..cut],
    }
}

fn last_lines(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let cut = floor(text, text.len() - most);
    match text[cut..].find('\n') {
        Some(end) if end < MOST_OF_A_PARTIAL_LINE => &text[cut + end + 1..],
        _ => &text[cut..],
    }
}
