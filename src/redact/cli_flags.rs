//! Secrets on command lines: `--password x`, `curl -u user:password`.

use std::ops::Range;

use super::names::{Suspicion, suspicion};
use super::shapes::{count, count_back};
use super::value::{self, Pair};

/// Returns the value of the option whose dash stands at `at`.
pub(super) fn value_of(text: &[u8], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).map(|at| text[at]);
    if !before.is_none_or(|c| c.is_ascii_whitespace() || b"\"'[(`,=".contains(&c)) {
        return None;
    }
    let dashes = count(&text[at..], 3, |c| c == b'-');
    let start = at + dashes;
    let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let end = start + count(&text[start..], 64, is_name);
    let gap = gap(&text[end..]);
    if dashes > 2 || gap == 0 {
        return None;
    }
    let name = std::str::from_utf8(&text[start..end]).ok()?;
    let from = end + gap;
    if matches!(name, "u" | "user" | "proxy-user" | "U") {
        return login(text, at, from);
    }
    let suspicion = suspicion(name)?;
    if (dashes == 1 && suspicion == Suspicion::Weak) || text.get(from) == Some(&b'-') {
        return None;
    }
    if is_name_of_value(&text[from..]) {
        return None;
    }
    let pair = Pair {
        suspicion: Suspicion::Strong,
        structured: true,
        // A sentence about an option goes on after it: "--token is required".
        colon: true,
        line: false,
    };
    // The spaces after it tell a sentence from a list of arguments.
    let from = if text[end] == b' ' { end } else { from };
    value::extent(text, from, pair)
}

/// `[--password PASSWORD]`, as programs explain their options.
fn is_name_of_value(text: &[u8]) -> bool {
    let name = count(text, 64, |c| c.is_ascii_uppercase() || c == b'_');
    name > 0 && text.get(name) == Some(&b']')
}

/// What stands between an option and its value on a command line, or in a list of arguments: a space, or `", "`.
fn gap(text: &[u8]) -> usize {
    let closing = count(text, 2, |c| c == b'"' || c == b'\'');
    let comma = count(&text[closing..], 1, |c| c == b',');
    let spaces = count(&text[closing + comma..], 4, |c| c == b' ' || c == b'\t');
    match (closing, comma, spaces) {
        (0, 0, 1..) => spaces,
        (1.., 0, 1..) | (1.., 1, _) if is_quote(text.get(closing + comma + spaces)) => {
            closing + comma + spaces
        }
        _ => 0,
    }
}

fn is_quote(c: Option<&u8>) -> bool {
    matches!(c, Some(b'"' | b'\''))
}

/// Returns `user:password` after `-u`, on a line of curl's or wget's.
fn login(text: &[u8], at: usize, from: usize) -> Option<Range<usize>> {
    let line = count_back(&text[..at], 512, |c| c != b'\n');
    let line = &text[at - line..at];
    let mentions = |program: &[u8]| line.windows(program.len()).any(|word| word == program);
    let start = from + count(&text[from..], 1, |c| c == b'"' || c == b'\'');
    let ends = |c: u8| c.is_ascii_whitespace() || c == b'"' || c == b'\'';
    let len = count(&text[start..], 1024, |c| !ends(c));
    let login = &text[start..start + len];
    let known = mentions(b"curl") || mentions(b"http");
    (known && login.contains(&b':')).then_some(start..start + len)
}
