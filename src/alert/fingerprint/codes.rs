//! Numbers that distinguish failures: what a word, brackets or the place of a number mean for it.

use super::numbers;
use super::scan::Scan;
use super::words::Keeps;

/// The longest number that is a code.
const LONGEST: usize = 10;

/// Returns whether the number of `run` letters and digits at the current place is a code.
pub(super) fn is_code(scan: &Scan<'_>, run: usize) -> bool {
    let (number, after) = scan.rest().split_at(run);
    if run > LONGEST {
        return false;
    }
    match scan.keeps {
        Keeps::Code => true,
        Keeps::Unit => is_unit_code(scan, number, after),
        Keeps::Status => is_status(number) && !counts(after),
        Keeps::Nothing => is_in_brackets(scan, number, after),
    }
}

/// `Error 2`, `rc=1`, `ERROR 1045 (28000):`, `error:0A000086:`; but `error: 5 messages` counts.
fn is_unit_code(scan: &Scan<'_>, number: &[u8], after: &[u8]) -> bool {
    let of_openssl = number.len() == 8 && scan.before() == Some(b':') && after.starts_with(b":");
    let joined = scan.before() == Some(b'=');
    let goes_on = after
        .first()
        .is_some_and(|c| matches!(c, b'.' | b',' | b'/' | b'%'))
        && after.get(1).is_some_and(u8::is_ascii_digit);
    let fits = is_number(number) && number.len() <= 5 && !goes_on;
    of_openssl || (fits && (joined || !counts(after)))
}

/// `(404)`, `curl: (35) …`, `(1045, "Access denied")`, `(111: Connection refused)`.
fn is_in_brackets(scan: &Scan<'_>, number: &[u8], after: &[u8]) -> bool {
    if scan.before() != Some(b'(') || !is_number(number) || number.len() > 5 {
        return false;
    }
    let before = &scan.text[..scan.at - 1];
    let leads = before.is_empty() || before.ends_with(b": ");
    match after.first() {
        Some(b')') => is_status(number) || leads,
        Some(b',') => matches!(after.get(1..3), Some([b' ', b'"' | b'\''])),
        Some(b':') => after.get(1) == Some(&b' '),
        _ => false,
    }
}

fn is_number(number: &[u8]) -> bool {
    number.iter().all(u8::is_ascii_digit)
}

/// Three digits that can be a status of HTTP (RFC 9110).
fn is_status(number: &[u8]) -> bool {
    number.len() == 3 && is_number(number) && (b'1'..=b'5').contains(&number[0])
}

/// Returns whether a unit, `of`, or a word in the plural follows a number.
fn counts(after: &[u8]) -> bool {
    let Some(rest) = after.strip_prefix(b" ") else {
        return numbers::unit(after).is_some();
    };
    let len = rest.iter().take_while(|c| c.is_ascii_lowercase()).count();
    let word = &rest[..len];
    word == b"of"
        || word == b"row"
        || (len > 3 && word.ends_with(b"s"))
        || numbers::unit(after).is_some()
}
