//! Names and values with nothing but room between them: columns, `.netrc`, `ENV NAME value`.

use std::ops::Range;

use super::bytes::{count, count_back, is_word};
use super::names::{Suspicion, suspicion};
use super::value_extent::{self, KeyValuePair, MOST_ALIGNED};

/// Words that set the name after them to the value after that.
const SETTERS: [&[u8]; 6] = [
    b"ENV ",
    b"ARG ",
    b"setenv ",
    b"SetEnv ",
    b"setx ",
    b"fastcgi_param ",
];

/// Returns the value that belongs to the name at `at`.
pub(super) fn value_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let len = count(&text[at..], 64, |c| is_word(c) || b"-.".contains(&c));
    let gap = text.get(at + len).copied();
    if len < 3 || !matches!(gap, Some(b' ' | b'\t' | b'\n' | b'|')) {
        return None;
    }
    let name = &text[at..at + len];
    if matches!(name, b"password" | b"passwd")
        && let Some(value) = netrc(text, at, at + len)
    {
        return Some(value);
    }
    column(text, at, at + len)
}

/// `machine h login u password p`, on one line or on several.
fn netrc(text: &[u8], at: usize, end: usize) -> Option<Range<usize>> {
    let before = &text[at - count_back(&text[..at], 256, |_| true)..at];
    let mut words = before
        .split(u8::is_ascii_whitespace)
        .rev()
        .filter(|word| !word.is_empty());
    let (_, label) = (words.next()?, words.next()?);
    let host = label == b"machine";
    let login = matches!(label, b"login" | b"user" | b"account");
    let entry = || {
        words
            .take(5)
            .any(|word| word == b"machine" || word == b"default")
    };
    if !(host || login && entry()) {
        return None;
    }
    let start = end + count(&text[end..], 16, |c| c.is_ascii_whitespace());
    let len = count(&text[start..], 1024, |c| !c.is_ascii_whitespace());
    let value = &text[start..start + len];
    let word = value.iter().all(|c| b".,:;".contains(c));
    (!word && !value.starts_with(b"[redacted")).then_some(start..start + len)
}

/// A name at the beginning of a line, and its value in the next column, the last one.
fn column(text: &[u8], at: usize, end: usize) -> Option<Range<usize>> {
    let gap = count(&text[end..], MOST_ALIGNED, |c| b" \t|".contains(&c));
    let room = &text[end..end + gap];
    let apart = gap >= 2 || room.contains(&b'|') || room.contains(&b'\t');
    let setter = SETTERS.into_iter().any(|word| text[..at].ends_with(word));
    // Nearly every word of a text ends here.
    if !(setter || apart) {
        return None;
    }
    let line = &text[at - count_back(&text[..at], 128, |c| c != b'\n')..at];
    let begins = line.iter().all(|c| b" \t|*".contains(c));
    // `Access Key      …`
    let follows = line.iter().all(|c| c.is_ascii_alphabetic() || *c == b' ');
    if !(setter || begins || follows) {
        return None;
    }
    let name = std::str::from_utf8(&text[at..end]).ok()?;
    let sure = suspicion(name)?;
    let value = last_cell(text, end + gap, sure, setter)?;
    let strong = sure == Suspicion::Strong && (setter || (begins && names_itself(name)));
    (strong || value_extent::looks_random(&text[value.clone()])).then_some(value)
}

/// Returns the value that begins at `start` and is the rest of its line, if it can be one.
fn last_cell(
    text: &[u8],
    start: usize,
    suspicion: Suspicion,
    spaces: bool,
) -> Option<Range<usize>> {
    let rest = &text[start..start + count(&text[start..], 1024, |c| c != b'\n' && c != b'\r')];
    let value = rest.trim_ascii_end();
    let value = value.strip_suffix(b"|").unwrap_or(value).trim_ascii_end();
    let pair = KeyValuePair {
        suspicion,
        structured: true,
        colon: false,
        line: true,
    };
    let one_word = !value.iter().any(|c| b" \t|".contains(c));
    // `PASSWORD   AGE` are the heads of columns.
    let is_lower = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_value = (one_word || (spaces && value.len() < 64))
        && value.iter().any(is_lower)
        && !value_extent::is_ordinary(value, pair)
        && !value_extent::is_prose(value)
        && !value_extent::is_placeholder(value);
    is_value.then(|| start..start + value.len())
}

/// Returns whether the last word of a name is that of a secret, not of a thing that deals with one
/// (`auth-worker`).
fn names_itself(name: &str) -> bool {
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    last.is_some_and(|last| {
        let last = last.to_ascii_lowercase();
        [
            "password",
            "passwd",
            "pass",
            "passphrase",
            "pwd",
            "secret",
            "token",
            "key",
        ]
        .iter()
        .any(|known| last.ends_with(known))
    })
}
