//! Lines of a mail: texts of others made harmless, wrapped, and bounded.

use std::fmt::Write as _;

use crate::alert::terminal::{ESC, skip_sequence};

/// Where words are wrapped: the old custom of mail, with room for a mark of quotation. A mail may have 78 (RFC 5322, 2.1.1), but lettre
/// encodes what has lines above 73; without any most mails stay plain, and read well as files.
const WIDTH: usize = 72;
/// Longer lines are broken inside a word: 998 bytes are allowed (RFC 5322, 2.1.1: MUST), some of which our indentation needs.
const MOST_BYTES_OF_A_LINE: usize = 900;
/// What stands before each line that others wrote, so that none of them is a lone dot or begins with `From `.
pub(super) const INDENT: &str = "  ";

/// Returns a text of several lines without sequences for terminals, control characters and the marks that turn the direction of writing: those
/// that matter can be seen as `<U+202E>`.
pub(super) fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => clean.push(c),
            '\r' if rest.as_str().starts_with('\n') => {}
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => clean.push('\n'),
            ESC => skip_sequence(&mut rest),
            c if c.is_control() || is_invisible(c) => {
                // Writing to a string does not fail.
                let _ = write!(clean, "<U+{:04X}>", u32::from(c));
            }
            c => clean.push(c),
        }
    }
    clean
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

/// Marks that are not seen, and change what is: direction of writing, joining, width zero, byte order.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Adds a sentence of ours, wrapped; the second line and further ones are indented.
pub(super) fn sentence(body: &mut String, text: &str) {
    wrapped(body, text, "", INDENT);
}

/// Adds a paragraph that is indented as a whole.
pub(super) fn paragraph(body: &mut String, text: &str) {
    wrapped(body, text, INDENT, INDENT);
}

/// Adds `Label    text`, wrapped, with the text in a column of its own.
pub(super) fn fact(body: &mut String, label: &str, text: &str) {
    let first = format!("{label:<14}");
    wrapped(body, text, &first, &" ".repeat(14));
}

/// Adds `Label    command`; below the label where it is longer, so that all of it can be copied into a shell.
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
        // With room for what says that it goes on.
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
    wrapped(body, text, "  - ", "    ");
}

fn wrapped(body: &mut String, text: &str, first: &str, further: &str) {
    let mut line = first.to_owned();
    for (at, word) in text.split_whitespace().enumerate() {
        let longer = line.chars().count() + 1 + word.chars().count() > WIDTH;
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

/// Adds lines that others wrote, as they are but indented, until `most` bytes are used up; what is left out is counted.
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

/// Returns the last place at or before `at` where a text can be cut.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// Returns the line that stands for what is not shown.
pub(super) fn left_out_note(bytes: impl TryInto<u64>) -> String {
    let bytes = bytes.try_into().unwrap_or(u64::MAX);
    format!("{INDENT}[… {} bytes left out …]", grouped(bytes))
}

/// Returns a number in groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns `1 run`, `2 runs`.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { more }
    )
}
