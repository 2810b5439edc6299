//! `key=value`, `key: value` and their kin in JSON, code, headers, queries and XML.

use std::ops::Range;

use super::bytes::{count, count_back, is_word};
use super::names::{Suspicion, suspicion};
use super::value_extent::{self, KeyValuePair, MOST_ALIGNED};
use super::{heredoc, labelled};

/// The longest name that is looked at.
const MOST_NAME: usize = 64;

/// Returns the secret value of the pair whose separator (`=`, `:`, `=>`, `:=`, `%3D`, or the `>` of
/// an XML tag) stands at `at`.
pub(super) fn value_after(text: &[u8], at: usize) -> Option<Range<usize>> {
    let separator = separator(text, at)?;
    let (name, quoted) = name_before(text, at)?;
    if text[at] == b'>' && name.start.checked_sub(1).is_none_or(|at| text[at] != b'<') {
        return None;
    }
    let word = std::str::from_utf8(&text[name.clone()]).ok()?;
    let mut suspicion = suspicion(word).or_else(|| labelled::by_neighbour(text, &name, word))?;
    if text[at] == b'>' {
        // `<key>` is an ordinary element.
        suspicion = (suspicion == Suspicion::Strong).then_some(suspicion)?;
        return labelled::content(text, at + 1, suspicion);
    }
    let start = at + separator;
    if text[at] == b':'
        && !quoted
        && is_header(word)
        && let Some(range) = header(text, &name, start)
    {
        return Some(range);
    }
    let pair = KeyValuePair {
        suspicion,
        structured: quoted || text[at] != b':' || !follows_prose(text, name.start),
        colon: text[at] == b':' && separator == 1 && !quoted,
        line: starts_line(text, name.start),
    };
    if let Some(block) = heredoc::block_of_yaml(text, name.start, start) {
        return Some(block);
    }
    value_extent::extent(text, start, pair)
}

/// The length of the separator at `at`; `None` where the character is part of something else.
fn separator(text: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|at| text[at])?;
    let rest = &text[at + 1..];
    let after = rest.first().copied();
    match text[at] {
        b':' if before == b':' || after == Some(b':') => None,
        b':' if after == Some(b'=') => Some(2),
        b'=' if b"=!<>:+*/|&^~".contains(&before) || after == Some(b'=') => None,
        b'=' if after == Some(b'>') => Some(2),
        b'=' | b':' => Some(1),
        b'%' if rest.starts_with(b"3D") || rest.starts_with(b"3d") => Some(3),
        b'%' => None,
        _ if before == b'=' || before == b'-' => None,
        _ => Some(1),
    }
}

/// Returns where the name is that ends before `at`, and whether it stands in quotes or brackets.
fn name_before(text: &[u8], at: usize) -> Option<(Range<usize>, bool)> {
    let closes = |c: u8| b"\"'`]\\)".contains(&c);
    let spaces = count_back(&text[..at], MOST_ALIGNED, |c| c == b' ' || c == b'\t');
    let closing = count_back(&text[..at - spaces], 8, closes);
    let end = at - spaces - closing;
    let len = count_back(&text[..end], MOST_NAME, |c| {
        is_word(c) || c == b'-' || c == b'.'
    });
    let mut start = end - len;
    // The `n` of an escaped line end is no part of the name after it.
    if start > 0 && text[start - 1] == b'\\' && len > 3 && b"nrt".contains(&text[start]) {
        start += 1;
    }
    let quoted = closing > 0 && start > 0 && b"\"'`[\\".contains(&text[start - 1]);
    (end - start >= 3 && (closing == 0 || quoted)).then_some((start..end, quoted))
}

/// Returns whether a word of a sentence stands before: `unexpected token: …`.
fn follows_prose(text: &[u8], start: usize) -> bool {
    let before = &text[..start];
    let spaces = count_back(before, 4, |c| c == b' ');
    let word = before[..before.len() - spaces].last();
    spaces > 0 && word.is_some_and(u8::is_ascii_alphabetic)
}

/// Returns whether only indentation, `export` or a list's dash stands before on the line.
fn starts_line(text: &[u8], start: usize) -> bool {
    let indent = count_back(&text[..start], 64, |c| b" \t->".contains(&c));
    let before = &text[..start - indent];
    let after_word = |word: &[u8]| before.ends_with(word);
    before.last().is_none_or(|&c| c == b'\n' || c == b'\r')
        || after_word(b"\nexport")
        || before == b"export"
}

fn is_header(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with("cookie") || lower.ends_with("authorization")
}

/// Returns the value of a header that begins at `start`: to the end of its line, or of the quotes
/// around it.
fn header(text: &[u8], name: &Range<usize>, start: usize) -> Option<Range<usize>> {
    let opening = name.start.checked_sub(1).map(|at| text[at]);
    let quote = opening.filter(|c| *c == b'"' || *c == b'\'');
    let start = start + count(&text[start..], 8, |c| c == b' ');
    let ends = |c: u8| c == b'\n' || c == b'\r' || c == b'\\' || Some(c) == quote;
    let len = count(&text[start..], 16 * 1024, |c| !ends(c));
    let value = &text[start..start + len];
    let is_cookie = text[name.clone()].last() == Some(&b'e');
    let scheme = count(value, 32, |c| c.is_ascii_alphanumeric() || c == b'-');
    let rest = value.get(scheme + 1..).unwrap_or_default();
    let secret = if is_cookie {
        value.contains(&b'=')
    } else {
        is_scheme(&value[..scheme]) && rest.iter().any(u8::is_ascii_alphanumeric)
    };
    let skip = if is_cookie { 0 } else { scheme + 1 };
    let prose = rest.starts_with(b"auth") || rest.starts_with(b"token ");
    (secret && !prose && !rest.starts_with(b"[redacted")).then_some(start + skip..start + len)
}

fn is_scheme(word: &[u8]) -> bool {
    const SCHEMES: [&str; 12] = [
        "basic",
        "bearer",
        "digest",
        "token",
        "apikey",
        "api-key",
        "aws4-hmac-sha256",
        "negotiate",
        "ntlm",
        "googlelogin",
        "hmac",
        "signature",
    ];
    SCHEMES
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// Returns what stands in the quotes that open at `at` when the words before them are those of SQL:
/// `IDENTIFIED BY '…'`, `PASSWORD '…'`.
pub(super) fn quoted_after_word(text: &[u8], at: usize) -> Option<Range<usize>> {
    let spaces = count_back(&text[..at], 4, |c| c == b' ');
    let before = &text[..at - spaces];
    let ends = |words: &str| {
        before.len().checked_sub(words.len()).is_some_and(|start| {
            before[start..].eq_ignore_ascii_case(words.as_bytes())
                && !start.checked_sub(1).is_some_and(|at| is_word(before[at]))
        })
    };
    let known = [
        "identified by",
        "password",
        "passwd",
        "passphrase",
        "set password to",
    ];
    if spaces == 0 || !known.into_iter().any(ends) {
        return None;
    }
    let pair = KeyValuePair {
        suspicion: Suspicion::Strong,
        structured: true,
        colon: false,
        line: false,
    };
    value_extent::extent(text, at, pair)
}
