//! Lines of a mail: texts of others made harmless, wrapped, and bounded.

use std::fmt::Write as _;

use crate::text::counts::grouped;
use crate::text::cut::floor;
use crate::text::terminal::{is_invisible, plain};

/// Where words are wrapped: the old custom of mail, with room for a mark of quotation. A mail may
/// have 78 (RFC 5322, 2.1.1), but lettre encodes what has lines above 73; without any most mails
/// stay plain, and read well as files.
const WIDTH: usize = 72;
/// Where the words of the essentials are wrapped: what a phone shows without scrolling sideways.
pub(super) const NARROW: usize = 42;
/// Longer lines are broken inside a word: 998 bytes are allowed (RFC 5322, 2.1.1: MUST), some of
/// which our indentation needs.
const MOST_BYTES_OF_A_LINE: usize = 900;
/// What stands before each line that others wrote, so that none of them is a lone dot or begins
/// with `From `.
pub(super) const INDENT: &str = "  ";

/// Returns a text of several lines as a terminal shows the text: no escape sequences, no control
/// characters. The marks that turn the direction of writing can be seen as `<U+202E>`.
pub(super) fn harmless(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            // Writing to a string does not fail.
            let _ = write!(marked, "<U+{:04X}>", u32::from(c));
        } else {
            marked.push(c);
        }
    }
    plain(&marked).into_owned()
}

/// Returns a text as part of one line: as [`harmless`], each run of blanks one space.
pub(crate) fn one_line(text: &str, most_chars: usize) -> String {
    // Of a line of 10 MB no more is cleaned than can be shown.
    let end = text
        .char_indices()
        .nth(most_chars * 8 + 4096)
        .map_or(text.len(), |(at, _)| at);
    let clean = harmless(&text[..end]);
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&words, most_chars)
}

/// Returns at most `most` characters, the last one an ellipsis where something is left out.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Returns at most `most` characters of a chain of causes. The chain begins with what was to be
/// done and ends with why it failed: what is left out is in the middle, and the end of a long last
/// cause.
pub(super) fn shortened_inside(text: &str, most: usize) -> String {
    let count = |text: &str| text.chars().count();
    if count(text) <= most {
        return text.to_owned();
    }
    // After a semicolon comes what to do about it.
    let text = text.split_once("; ").map_or(text, |(clause, _)| clause);
    // One other character would have a header encoded (RFC 2047), and nothing could search in it.
    let gap = if text.is_ascii() { "..." } else { "…" };
    if count(text) + count(gap) <= most {
        return format!("{text}{gap}");
    }
    let most = most.saturating_sub(count(gap));
    let cause = text.rfind(": ").map_or("", |at| &text[at + 2..]);
    // What was to be done stays, too.
    let first = text.find(": ").map_or("", |at| &text[..=at]);
    let least = most * 2 / 5;
    let largest = most.saturating_sub(2 + count(first).min(most * 3 / 5));
    let room = Some(count(cause)).filter(|size| *size <= largest);
    let room = room.unwrap_or(least).max(least);
    let tail = if count(cause) > room {
        format!(
            "{}{gap}",
            first_words(cause, room.saturating_sub(count(gap)))
        )
    } else {
        last_words(text, room).to_owned()
    };
    let head = first_words(text, most.saturating_sub(count(&tail) + 2));
    if text.len() - head.len() <= cause.len() + 1 {
        return format!("{}{gap}", first_words(text, most));
    }
    format!("{head} {gap} {tail}")
}

/// Half a word means little, and less than the room that a long one leaves.
const MOST_LOST: usize = 8;

/// Returns the beginning of a text, at most `most` characters, up to the end of a word where one is
/// near.
fn first_words(text: &str, most: usize) -> &str {
    let end = text
        .char_indices()
        .nth(most)
        .map_or(text.len(), |(at, _)| at);
    let kept = &text[..end];
    let is_whole = text[end..].is_empty() || text[end..].starts_with(' ');
    match kept.rfind(' ') {
        Some(at) if !is_whole && kept.len() - at <= MOST_LOST => kept[..at].trim_end(),
        _ => kept.trim_end(),
    }
}

/// Returns the end of a text, at most `most` characters, from the beginning of a word where one is
/// near.
fn last_words(text: &str, most: usize) -> &str {
    let count = text.chars().count();
    let start = text.char_indices().nth(count.saturating_sub(most));
    let (before, kept) = text.split_at(start.map_or(0, |(at, _)| at));
    let is_whole = before.is_empty() || before.ends_with(' ');
    match kept.find(' ') {
        Some(at) if !is_whole && at <= MOST_LOST => kept[at..].trim_start(),
        _ => kept,
    }
}

/// Adds a sentence of ours, wrapped; the second line and further ones are indented.
pub(super) fn sentence(body: &mut String, text: &str) {
    wrapped(body, text, "", INDENT, WIDTH);
}

/// Adds a sentence of the essentials.
pub(super) fn narrow_sentence(body: &mut String, text: &str) {
    wrapped(body, text, "", INDENT, NARROW);
}

/// Adds `Label    text` to the essentials.
pub(super) fn narrow_fact(body: &mut String, label: &str, text: &str) {
    wrapped(body, text, &format!("{label:<7}"), &" ".repeat(7), NARROW);
}

/// Adds a paragraph that is indented as a whole.
pub(super) fn paragraph(body: &mut String, text: &str) {
    wrapped(body, text, INDENT, INDENT, WIDTH);
}

/// Adds `Label    text`, wrapped, with the text in a column of its own.
pub(super) fn fact(body: &mut String, label: &str, text: &str) {
    let first = format!("{label:<14}");
    wrapped(body, text, &first, &" ".repeat(14), WIDTH);
}

/// Adds `Label command`; below the label where it is longer, so that all of it can be copied into a
/// shell.
pub(super) fn command(body: &mut String, label: &str, parts: &[String]) {
    let parts: Vec<String> = parts.iter().map(|part| shell_part(part)).collect();
    let whole = parts.join(" ");
    let line = format!("{label:<14}{whole}");
    if line.chars().count() <= WIDTH {
        return push_line(body, &line);
    }
    push_line(body, &format!("{label}:"));
    let mut line = INDENT.to_owned();
    for (at, part) in parts.iter().enumerate() {
        // With room for the mark that it goes on.
        let longer = line.chars().count() + part.chars().count() + 3 > WIDTH;
        if at > 0 && longer {
            push_line(body, &format!("{line} \\"));
            line = INDENT.to_owned();
        } else if at > 0 {
            line.push(' ');
        }
        line.push_str(part);
    }
    push_line(body, &line);
}

/// Blanks count in a command: what is quoted is not to be changed.
fn shell_part(part: &str) -> String {
    /// More than the longest path.
    const MOST: usize = 4200;
    let part = harmless(part).replace(['\n', '\t'], " ");
    shortened(part.trim(), MOST)
}

/// Adds an entry of a list, wrapped.
pub(super) fn item(body: &mut String, text: &str) {
    wrapped(body, text, "  - ", "    ", WIDTH);
}

fn wrapped(body: &mut String, text: &str, first: &str, further: &str, width: usize) {
    let mut line = first.to_owned();
    for (at, word) in text.split_whitespace().enumerate() {
        let longer = line.chars().count() + 1 + word.chars().count() > width;
        if at > 0 && longer {
            push_line(body, &line);
            line = further.to_owned();
        } else if at > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    push_line(body, &line);
}

/// Adds a line, broken where it would be longer than mail allows.
fn push_line(body: &mut String, line: &str) {
    let mut rest = line.trim_end();
    while rest.len() > MOST_BYTES_OF_A_LINE {
        let cut = floor(rest, MOST_BYTES_OF_A_LINE);
        body.push_str(&rest[..cut]);
        body.push('\n');
        body.push_str(INDENT);
        rest = &rest[cut..];
    }
    body.push_str(rest);
    body.push('\n');
}

/// Adds lines that others wrote, as they are but indented, until `most` bytes are used up; what is
/// left out is counted.
pub(super) fn block(body: &mut String, text: &str, most: usize) {
    let clean = harmless(text);
    let start = body.len();
    let mut shown = 0;
    for line in clean.trim_end().split_inclusive('\n') {
        let mut indented = String::new();
        push_line(
            &mut indented,
            &format!("{INDENT}{}", line.trim_end_matches('\n')),
        );
        if body.len() + indented.len() - start > most {
            break;
        }
        body.push_str(&indented);
        shown += line.len();
    }
    let left_out = clean.trim_end().len() - shown;
    if left_out > 0 && shown == 0 {
        let cut = floor(&clean, most / 2);
        push_line(
            body,
            &format!("{INDENT}{}", clean[..cut].replace('\n', " ")),
        );
        push_line(body, &left_out_note(left_out - cut));
    } else if left_out > 0 {
        push_line(body, &left_out_note(left_out));
    }
}

/// Returns the line that stands for what is not shown.
pub(super) fn left_out_note(bytes: impl TryInto<u64>) -> String {
    let bytes = bytes.try_into().unwrap_or(u64::MAX);
    format!("{INDENT}[… {} bytes left out …]", grouped(bytes))
}
