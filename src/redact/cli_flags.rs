//! Secrets on command lines: `--password x`, `curl -u user:password`.

use std::ops::Range;

use super::bytes::{count, count_back, is_word};
use super::names::{Suspicion, suspicion};
use super::value_extent::{self, KeyValuePair};

/// Returns the value of the option whose dash stands at `at`.
pub(super) fn value_of(text: &[u8], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).map(|at| text[at]);
    if !before.is_none_or(|c| c.is_ascii_whitespace() || b"\"'[(`,=".contains(&c)) {
        return None;
    }
    let dashes = count(&text[at..], 3, |c| c == b'-');
    let start = at + dashes;
    if (1..=2).contains(&dashes)
        && let Some(login) = login(text, at, start)
    {
        return Some(login);
    }
    let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let end = start + count(&text[start..], 64, is_name);
    let gap = gap(&text[end..]);
    if dashes > 2 || gap == 0 {
        return None;
    }
    let name = std::str::from_utf8(&text[start..end]).ok()?;
    let from = end + gap;
    let suspicion = suspicion(name)?;
    if (dashes == 1 && suspicion == Suspicion::Weak) || text.get(from) == Some(&b'-') {
        return None;
    }
    if is_name_of_value(&text[from..]) {
        return None;
    }
    let pair = KeyValuePair {
        suspicion: Suspicion::Strong,
        structured: true,
        // A sentence about an option goes on after it: "--token is required".
        colon: true,
        line: false,
    };
    // The spaces after it distinguish a sentence from a list of arguments.
    let from = if text[end] == b' ' { end } else { from };
    value_extent::extent(text, from, pair)
}

/// `[--password PASSWORD]`, as programs explain their options.
fn is_name_of_value(text: &[u8]) -> bool {
    let name = count(text, 64, |c| c.is_ascii_uppercase() || c == b'_');
    name > 0 && text.get(name) == Some(&b']')
}

/// What stands between an option and its value on a command line, or in a list of arguments: a
/// space, or `", "`.
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

/// Options of a login, which take `user:password` in the next word or after `=`.
const LOGINS: [&[u8]; 4] = [b"user", b"proxy-user", b"auth", b"http-user"];

/// Returns `user:password` in or behind the option whose dash stands at `at` and whose name begins
/// at `start`: `-u a:b`, `-ua:b`, `--user=a:b`.
fn login(text: &[u8], at: usize, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let is_long = start > at + 1;
    let name = if is_long {
        let ends =
            |name: &&&[u8]| !matches!(rest.get(name.len()), Some(c) if is_word(*c) || *c == b'-');
        let known = LOGINS.iter().filter(|name| rest.starts_with(name));
        known.filter(ends).map(|name| name.len()).next()?
    } else {
        // Other short options may stand before it: `-su a:b`.
        let letters = count(rest, 4, |c| c.is_ascii_alphabetic());
        1 + rest[..letters].iter().position(|c| b"uUa".contains(c))?
    };
    let end = start + name;
    let equals = usize::from(is_long && text.get(end) == Some(&b'='));
    let gap = if equals == 1 { 1 } else { gap(&text[end..]) };
    if is_long && gap == 0 {
        return None;
    }
    let from = end + gap;
    let from = from + count(&text[from..], 1, |c| c == b'"' || c == b'\'');
    let ends = |c: u8| c.is_ascii_whitespace() || c == b'"' || c == b'\'';
    let login = &text[from..from + count(&text[from..], 1024, |c| !ends(c))];
    let colon = login.iter().position(|c| *c == b':')?;
    let password = &login[colon + 1..];
    let is_url = password.starts_with(b"//");
    let known = asks_a_server(text, at) || (is_long && !names_a_group(password));
    (known && !is_url && !password.is_empty()).then_some(from..from + login.len())
}

/// Returns whether curl or its like stands before `at` on the line.
fn asks_a_server(text: &[u8], at: usize) -> bool {
    let line = &text[at - count_back(&text[..at], 512, |c| c != b'\n')..at];
    let mentions = |program: &[u8]| line.windows(program.len()).any(|word| word == program);
    mentions(b"curl") || mentions(b"http") || mentions(b"wget")
}

/// `docker run --user=app:app`, `--user 1000:1000`: the user and group that something runs as.
fn names_a_group(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
        || word
            .iter()
            .all(|c| c.is_ascii_lowercase() || b"-_".contains(c))
}
