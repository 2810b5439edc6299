//! PEM blocks: whole ones, those whose end was cut off, and those whose beginning was.

use std::ops::Range;

use super::bytes::{count, count_back};

/// The longest block that is looked for: an RSA key of 16384 bits has 12 KiB.
const MOST_BYTES: usize = 64 * 1024;
/// A word this long in a cut block is one of its lines, not the beginning of a sentence.
const FEWEST_IN_A_LINE: usize = 24;

/// Finds blocks, remembering where there is no further end.
#[derive(Debug, Default)]
pub(super) struct PemFinder {
    no_end_from: Option<usize>,
}

impl PemFinder {
    /// Returns the block that begins, or ends without having begun, at `at`, where five dashes
    /// stand.
    pub(super) fn block(&mut self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let label = &text[at + 5..];
        if label.starts_with(b"BEGIN ") {
            let head = end_of_marker(text, at)?;
            let end = self
                .end_marker(text, head)
                .unwrap_or_else(|| body(text, head));
            Some(at..end.max(head))
        } else if label.starts_with(b"END ") {
            let start = body_before(text, at);
            (start < at).then_some(start..end_of_marker(text, at)?)
        } else {
            None
        }
    }

    fn end_marker(&mut self, text: &[u8], from: usize) -> Option<usize> {
        if self.no_end_from.is_some_and(|known| from >= known) {
            return None;
        }
        let window = &text[from..text.len().min(from + MOST_BYTES)];
        let is_marker = |at: &usize| {
            let rest = &window[*at..];
            rest.starts_with(b"-----END ") || rest.starts_with(b"-----BEGIN ")
        };
        match (0..window.len()).find(is_marker) {
            Some(marker) if window[marker + 5] == b'E' => end_of_marker(text, from + marker),
            // The block was cut, and another one follows.
            Some(_) => None,
            None => {
                self.no_end_from = (from + window.len() == text.len()).then_some(from);
                None
            }
        }
    }
}

/// Returns the place after `-----BEGIN PRIVATE KEY-----` (or as much of it as is there) that stands
/// at `at`.
fn end_of_marker(text: &[u8], at: usize) -> Option<usize> {
    let label = count(&text[at + 5..], 64, |c| {
        c.is_ascii_uppercase() || c.is_ascii_digit() || c == b' '
    });
    let after = at + 5 + label;
    Some(after + count(&text[after..], 5, |c| c == b'-'))
}

/// Returns the end of the lines of a block that begin at `from`, where no end marker follows.
fn body(text: &[u8], from: usize) -> usize {
    let mut end = from;
    loop {
        let line = end + gap(&text[end..]);
        let len = count(&text[line..], MOST_BYTES, is_body);
        let whole = line + len == text.len();
        let last = end > from && is_last_line(&text[line..line + len], text.get(line + len));
        if len >= FEWEST_IN_A_LINE || (len > 0 && whole) || last {
            end = line + len;
        } else if let Some(header) = header(&text[line..]) {
            end = line + header;
        } else {
            return end;
        }
    }
}

/// The last line of a block is short; unlike a word it has digits, padding, or capitals inside.
fn is_last_line(line: &[u8], after: Option<&u8>) -> bool {
    let alone = after.is_none_or(|c| b"\r\n\\\"'".contains(c));
    let odd = |pair: &[u8]| {
        let inside = pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
        inside || pair[1].is_ascii_digit() || b"+/=".contains(&pair[1])
    };
    alone && line.windows(2).any(odd)
}

/// Returns where the lines of a block begin that stand before `to`, where its end marker is.
fn body_before(text: &[u8], to: usize) -> usize {
    let mut start = to;
    let mut lines = 0;
    while to - start < MOST_BYTES {
        let line_end = start - gap_back(&text[..start]);
        let len = count_back(&text[..line_end], MOST_BYTES, is_body);
        // The last line of a block is as short as it happens to be, and so is one whose beginning
        // was cut off.
        let counts = len >= FEWEST_IN_A_LINE || (len > 0 && (lines == 0 || line_end == len));
        if !counts {
            break;
        }
        start = line_end - len;
        lines += 1;
    }
    start
}

/// What stands between two lines: line ends, as they are or escaped, indentation, marks of
/// quotation.
fn gap(text: &[u8]) -> usize {
    let mut len = 0;
    loop {
        let rest = &text[len..];
        if rest.first().is_some_and(|c| b" \t\r\n>|\"',".contains(c)) {
            len += 1;
        } else if rest.len() >= 2 && rest[0] == b'\\' && b"nrt\\".contains(&rest[1]) {
            len += if rest[1] == b'\\' { 1 } else { 2 };
        } else {
            return len;
        }
    }
}

fn gap_back(text: &[u8]) -> usize {
    let mut len = 0;
    loop {
        let rest = &text[..text.len() - len];
        if rest.last().is_some_and(|c| b" \t\r\n>|\"',".contains(c)) {
            len += 1;
        } else if rest.ends_with(b"\\n") || rest.ends_with(b"\\r") {
            len += 2;
        } else {
            return len;
        }
    }
}

fn header(line: &[u8]) -> Option<usize> {
    let known = [&b"Proc-Type:"[..], b"DEK-Info:", b"Comment:", b"Version:"];
    known
        .iter()
        .any(|name| line.starts_with(name))
        .then(|| count(line, 200, |c| c != b'\n' && c != b'\\'))
}

fn is_body(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"+/=".contains(&c)
}

/// Returns how much of the beginning of `text` is lines of a block that a cut before it has split.
pub(super) fn continued(text: &[u8]) -> usize {
    body(text, 0)
}
