//! Where a value ends, and whether it is one: the part of a pair after its separator.

use std::ops::Range;

use super::bytes::{count, is_word};
use super::names::Suspicion;

/// The longest value that is looked for.
const MOST_BYTES: usize = 4096;
/// The most spaces that align names, separators and values with those of other lines.
pub(super) const MOST_ALIGNED: usize = 48;

/// What is known of a pair from what stands before its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyValuePair {
    /// What its name suggests.
    pub(super) suspicion: Suspicion,
    /// Whether this is code or data; otherwise it may be a sentence.
    pub(super) structured: bool,
    /// Whether the separator is a bare colon, as sentences have it.
    pub(super) colon: bool,
    /// Whether the pair begins its line.
    pub(super) line: bool,
}

/// Values about a secret that are not one.
const ORDINARY: &[&str] = &[
    "absent",
    "array",
    "basic",
    "bearer",
    "default",
    "digest",
    "disabled",
    "empty",
    "enabled",
    "error",
    "expired",
    "false",
    "hidden",
    "invalid",
    "masked",
    "missing",
    "negotiate",
    "nil",
    "no",
    "none",
    "not",
    "null",
    "object",
    "off",
    "ok",
    "on",
    "present",
    "redacted",
    "removed",
    "required",
    "revoked",
    "set",
    "string",
    "token",
    "true",
    "undefined",
    "unset",
    "yes",
];

/// First words of sentences about a secret: "password: must not be empty".
const PROSE: &[&str] = &[
    "a",
    "access",
    "all",
    "already",
    "an",
    "and",
    "any",
    "are",
    "at",
    "authentication",
    "bad",
    "but",
    "can",
    "can't",
    "cannot",
    "connection",
    "contains",
    "could",
    "denied",
    "did",
    "does",
    "doesn't",
    "each",
    "end",
    "expected",
    "fail",
    "failed",
    "failure",
    "field",
    "file",
    "for",
    "found",
    "from",
    "given",
    "got",
    "has",
    "have",
    "if",
    "illegal",
    "in",
    "incorrect",
    "is",
    "isn't",
    "it",
    "key",
    "length",
    "lookup",
    "malformed",
    "may",
    "mismatch",
    "must",
    "needs",
    "never",
    "no",
    "not",
    "of",
    "only",
    "option",
    "or",
    "password",
    "passwords",
    "permission",
    "please",
    "received",
    "rejected",
    "secret",
    "should",
    "signature",
    "sorry",
    "that",
    "the",
    "this",
    "timed",
    "timeout",
    "to",
    "token",
    "too",
    "try",
    "unable",
    "unexpected",
    "unknown",
    "unsupported",
    "use",
    "user",
    "value",
    "verification",
    "was",
    "were",
    "when",
    "will",
    "with",
    "wrong",
    "you",
    "your",
];

/// Returns where the secret value is that begins at or after `from`, if it is one.
pub(super) fn extent(text: &[u8], from: usize, pair: KeyValuePair) -> Option<Range<usize>> {
    let spaces = count(&text[from..], MOST_ALIGNED, |c| c == b' ' || c == b'\t');
    let at = skip_wrapper(text, from + spaces);
    let escapes = count(&text[at..], 8, |c| c == b'\\');
    let quote = text.get(at + escapes).copied();
    match quote {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            let (start, end) = inside_quotes(text, at, quote, escapes);
            let value = &text[start..end];
            let told = pair.structured || pair.suspicion == Suspicion::Strong;
            (!is_ordinary(value, pair) && (told || looks_random(value))).then_some(start..end)
        }
        Some(b'[') => list(text, at, pair),
        Some(b'{' | b'<') | None => None,
        _ => bare(text, at, pair, spaces),
    }
}

/// Returns where the text in the quotes begins and ends that open at `at`, after `escapes`
/// backslashes.
fn inside_quotes(text: &[u8], at: usize, quote: u8, escapes: usize) -> (usize, usize) {
    let three = [quote; 3];
    if text[at..].starts_with(&three) {
        let start = at + 3;
        let window = &text[start..text.len().min(start + MOST_BYTES)];
        let closing = window.windows(3).position(|three_of| three_of == three);
        return (start, start + closing.unwrap_or(window.len()));
    }
    let start = at + escapes + 1;
    (start, end_of_quoted(text, start, quote, escapes))
}

/// Skips what wraps a value in code: `Some(`, `b` and its like before a quote.
fn skip_wrapper(text: &[u8], at: usize) -> usize {
    let rest = &text[at..];
    let name = count(rest, 32, |c| is_word(c) || c == b'.');
    match rest.get(name) {
        // PHP's `string(7) "…"`.
        Some(b'(') if rest.starts_with(b"string(") => {
            let len = count(rest, 32, |c| !b"\"'\n".contains(&c));
            at + len
        }
        Some(b'(') if name > 0 => skip_wrapper(text, at + name + 1),
        Some(b'"' | b'\'') if (1..=2).contains(&name) => at + name,
        Some(b'&') if name == 0 => at + 1,
        _ => at,
    }
}

/// Returns where the quotes close that were opened after `escapes` backslashes: at the same quote
/// with at most as many. Quotes that do not close on their line may close on a later one (a key of
/// several lines); those that never close were cut.
fn end_of_quoted(text: &[u8], start: usize, quote: u8, escapes: usize) -> usize {
    let window = &text[start..text.len().min(start + MOST_BYTES)];
    let mut backslashes = 0;
    for (at, &c) in window.iter().enumerate() {
        if c == quote && backslashes <= escapes {
            return start + at - backslashes;
        }
        backslashes = if c == b'\\' { backslashes + 1 } else { 0 };
    }
    start + count(window, MOST_BYTES, |c| c != b'\n')
}

/// Returns the values in `["a", "b"]`, or the one in `[a]`.
fn list(text: &[u8], at: usize, pair: KeyValuePair) -> Option<Range<usize>> {
    let len = count(&text[at + 1..], MOST_BYTES, |c| !b"[]\n".contains(&c));
    let value = &text[at + 1..at + 1 + len];
    let quoted = value.iter().any(|c| *c == b'"' || *c == b'\'');
    let one = !value.iter().any(|c| b" ,".contains(c));
    let secret = (quoted || one) && !is_ordinary(value, pair) && pair.structured;
    secret.then_some(at + 1..at + 1 + len)
}

fn bare(text: &[u8], at: usize, pair: KeyValuePair, spaces: usize) -> Option<Range<usize>> {
    let end = at + end_of_bare(&text[at..]);
    let value = &text[at..end];
    let weak = pair.suspicion == Suspicion::Weak;
    if is_ordinary(value, pair)
        || is_placeholder(value)
        || (pair.colon && weak && !looks_random(value))
        || (pair.colon && spaces > 0 && is_prose(value))
        || (pair.colon && !weak && is_place_in_file(value))
    {
        return None;
    }
    let rest = if pair.line && !weak && spaces <= 1 {
        rest_of_line(&text[end..])
    } else {
        0
    };
    Some(at..end + rest)
}

/// Returns how much of the rest of the line belongs to the value that begins it: in a file of
/// settings a value may have spaces and anything else inside. Another pair does not belong to it.
fn rest_of_line(text: &[u8]) -> usize {
    let line = &text[..count(text, MOST_BYTES, |c| c != b'\n' && c != b'\r')];
    let begins_pair = |at: &usize| {
        let rest = &line[at + 1..];
        let name = count(rest, 64, |c| is_word(c) || c == b'-' || c == b'.');
        line[*at] == b' ' && name > 0 && rest.get(name).is_some_and(|c| b"=:".contains(c))
    };
    (0..line.len()).find(begins_pair).unwrap_or(line.len())
}

/// Returns the length of a value that is in no quotes. Passwords have commas and semicolons inside,
/// lists have them between pairs: one of these ends the value where what follows is no part of it,
/// or begins another pair.
fn end_of_bare(text: &[u8]) -> usize {
    let limit = text.len().min(MOST_BYTES);
    let mut at = 0;
    while at < limit {
        let rest = &text[at + 1..];
        let ends = match text[at] {
            c if c.is_ascii_whitespace() || c.is_ascii_control() => true,
            b'\\' => rest.first().is_none_or(|c| b"nrt\"'\\".contains(c)),
            b'%' => rest.starts_with(b"26"),
            b',' | b';' | b'&' | b'"' | b'\'' | b')' | b']' | b'}' | b'|' | b'`' | b'<' | b'>' => {
                ends_before(rest)
            }
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    // A full stop or the like at the end belongs to the sentence.
    at - usize::from(at > 8 && b".:!?".contains(&text[at - 1]))
}

fn ends_before(rest: &[u8]) -> bool {
    let name = count(rest, 64, |c| {
        is_word(c) || c == b'-' || c == b'.' || c == b'%'
    });
    match rest.get(name) {
        Some(b'=' | b':') if name > 0 => true,
        _ => rest
            .first()
            .is_none_or(|c| !(is_word(*c) || b"!#$^*+~@?".contains(c))),
    }
}

/// Returns whether a value describes a secret instead of being one: `null`, `***`,
/// `5.7.1`, a small number after a weak name.
pub(super) fn is_ordinary(value: &[u8], pair: KeyValuePair) -> bool {
    let digits_only = value
        .iter()
        .all(|c| c.is_ascii_digit() || b".:%".contains(c));
    let small = digits_only && value.len() <= 5 && pair.suspicion == Suspicion::Weak;
    let status =
        digits_only && value.len() <= 7 && value.iter().filter(|c| **c == b'.').count() == 2;
    let masked = value
        .iter()
        .all(|c| !c.is_ascii_alphanumeric() && c.is_ascii())
        || value.iter().all(|c| *c == b'x' || *c == b'X')
        || value.starts_with(b"[redacted")
        || value.starts_with(b"redacted");
    small || status || masked || is_one_of(value, ORDINARY)
}

fn is_one_of(value: &[u8], table: &[&str]) -> bool {
    let word = value.strip_suffix(b".").unwrap_or(value);
    std::str::from_utf8(word).is_ok_and(|word| {
        table
            .binary_search(&word.to_ascii_lowercase().as_str())
            .is_ok()
    })
}

pub(super) fn is_prose(value: &[u8]) -> bool {
    is_one_of(value, PROSE)
}

/// `password.c:120:5`, where the name is that of a file.
fn is_place_in_file(value: &[u8]) -> bool {
    let digits = |part: &[u8]| part.len() <= 4 && part.iter().all(u8::is_ascii_digit);
    value.contains(&b':') && value.split(|c| *c == b':').all(digits)
}

/// `$DB_PASSWORD`, `${{ secrets.X }}`, `%s`, `$(cat file)`: where a secret will be, in a command or
/// template.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let named = |rest: &[u8]| {
        let capital = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'_';
        rest.len() >= 3 && rest.iter().all(capital) && !rest[0].is_ascii_digit()
    };
    match value {
        [b'$', b'{' | b'(', ..] | [b'%', b's' | b'v' | b'('] | [b'%', b'(', ..] | [b'{', ..] => {
            true
        }
        [b'$', rest @ ..] => named(rest),
        _ => false,
    }
}

/// Returns whether a value can hardly be a word, a name or a number.
pub(super) fn looks_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|c| c.is_ascii_digit()).count();
    let letters = value.iter().filter(|c| c.is_ascii_alphabetic()).count();
    let pairs = || value.iter().zip(value.iter().skip(1));
    let humps = pairs()
        .filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase())
        .count();
    let separators = value.iter().filter(|c| b"_-./ ".contains(c)).count();
    let symbols = value.iter().filter(|c| b"!#$^*+~@%".contains(c)).count();
    value.len() >= 6
        && letters > 0
        && (digits > 0 || humps >= 3 || symbols > 0 || (value.len() >= 24 && separators == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(ORDINARY.is_sorted() && PROSE.is_sorted());
    }
}
