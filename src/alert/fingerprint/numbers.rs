//! Numbers: what they count, how they are written, and addresses made of them.

use super::words::Letters;

/// Units of time that follow a number at once.
const TIME_UNITS: &[&str] = &[
    "d", "day", "days", "h", "hour", "hours", "hr", "hrs", "m", "min", "mins", "minute", "minutes",
    "ms", "msec", "ns", "s", "sec", "second", "seconds", "secs", "us", "usec", "w", "week",
    "weeks", "µs",
];
/// Those of them that may stand after a space.
const SPACED_TIME_UNITS: &[&str] = &[
    "day",
    "days",
    "hour",
    "hours",
    "hr",
    "hrs",
    "microseconds",
    "milliseconds",
    "min",
    "mins",
    "minute",
    "minutes",
    "month",
    "months",
    "ms",
    "msec",
    "nanoseconds",
    "ns",
    "s",
    "sec",
    "second",
    "seconds",
    "secs",
    "us",
    "usec",
    "week",
    "weeks",
    "year",
    "years",
    "µs",
];
const SIZE_UNITS: &[&str] = &[
    "B", "G", "GB", "Gb", "GiB", "K", "KB", "Kb", "KiB", "M", "MB", "Mb", "MiB", "T", "TB", "TiB",
    "bytes", "g", "gb", "k", "kB", "kb", "kbit", "mb",
];
const SPACED_SIZE_UNITS: &[&str] = &[
    "B",
    "GB",
    "GiB",
    "KB",
    "KiB",
    "MB",
    "MiB",
    "TB",
    "TiB",
    "byte",
    "bytes",
    "gigabytes",
    "kB",
    "kb",
    "kilobytes",
    "mb",
    "megabytes",
    "octets",
];

/// The first letters of all units; that of `µs` counts as one of them.
const FIRST_OF_UNITS: Letters = Letters::of(b"bdghkmnostuwy\xc2");

/// Returns the length of the number with which `text` begins: digits with groups and fraction.
pub(super) fn length(text: &[u8]) -> usize {
    let mut len = digits(text);
    loop {
        let rest = &text[len..];
        let group = digits(rest.get(1..).unwrap_or_default());
        match rest.first() {
            Some(b'.' | b'_') if group > 0 => len += 1 + group,
            Some(b',') if group == 3 => len += 4,
            _ => return len,
        }
    }
}

/// Returns how many digits `text` begins with.
pub(super) fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|c| c.is_ascii_digit()).count()
}

/// Returns the token for what a number counts, and the length of its unit, when a unit follows.
/// `30s`, `2h 30m`, `1.5 GiB`.
pub(super) fn unit(text: &[u8]) -> Option<(&'static str, usize)> {
    let spaced = text.first() == Some(&b' ');
    let start = usize::from(spaced);
    // Most numbers count nothing that has a unit.
    let first = text.get(start).filter(|c| **c > b'@');
    if !FIRST_OF_UNITS.may_have(first) {
        return None;
    }
    let len = word(&text[start..]);
    let unit = std::str::from_utf8(&text[start..start + len]).ok()?;
    let (times, sizes) = if spaced {
        (SPACED_TIME_UNITS, SPACED_SIZE_UNITS)
    } else {
        (TIME_UNITS, SIZE_UNITS)
    };
    if times.binary_search(&unit).is_ok() {
        let end = start + len;
        Some(("<duration>", end + more_time(&text[end..])))
    } else if sizes.binary_search(&unit).is_ok() {
        Some(("<size>", start + len))
    } else {
        compound(&text[start..])
    }
}

/// `2h30m`: after the number, letters and digits alternate.
fn compound(text: &[u8]) -> Option<(&'static str, usize)> {
    let letters = text
        .iter()
        .take(2)
        .take_while(|c| c.is_ascii_lowercase())
        .count();
    let unit = std::str::from_utf8(&text[..letters]).ok()?;
    let more = more_time(&text[letters..]);
    let is_time = TIME_UNITS.binary_search(&unit).is_ok() && more > 0;
    is_time.then_some(("<duration>", letters + more))
}

/// What follows in a duration of several units: `30m`, ` 5s`.
fn more_time(text: &[u8]) -> usize {
    let mut len = 0;
    loop {
        let rest = &text[len..];
        let gap = usize::from(rest.first() == Some(&b' '));
        let number = length(&rest[gap..]);
        let letters = &rest[gap + number..];
        let unit = letters
            .iter()
            .take(4)
            .take_while(|c| c.is_ascii_lowercase())
            .count();
        let name = std::str::from_utf8(&letters[..unit]).unwrap_or_default();
        if number == 0 || TIME_UNITS.binary_search(&name).is_err() {
            return len;
        }
        len += gap + number + unit;
    }
}

/// Returns the length of the word of letters that `text` begins with; 0 when digits or the like
/// follow it.
fn word(text: &[u8]) -> usize {
    let len = text
        .iter()
        .take(13)
        .take_while(|c| c.is_ascii_alphabetic() || **c >= 0x80)
        .count();
    let goes_on = text
        .get(len)
        .is_some_and(|c| c.is_ascii_digit() || *c == b'_');
    if goes_on { 0 } else { len }
}

/// Returns the length of an IPv4 address, with its port or the length of its prefix.
pub(super) fn ipv4(text: &[u8]) -> Option<usize> {
    let mut len = 0;
    for part in 0..4 {
        if part > 0 {
            (text.get(len) == Some(&b'.')).then_some(())?;
            len += 1;
        }
        let digits = digits(&text[len..]);
        (1..=3).contains(&digits).then_some(())?;
        len += digits;
    }
    let more = text.get(len) == Some(&b'.') && text.get(len + 1).is_some_and(u8::is_ascii_digit);
    let port = match text.get(len) {
        Some(b':' | b'/') => digits(&text[len + 1..]),
        _ => 0,
    };
    (!more).then_some(if port > 0 { len + 1 + port } else { len })
}

/// Returns whether this is an IPv6 address, or a row of bytes in hex such as a hardware address or
/// the fingerprint of a key.
pub(super) fn is_colon_separated_hex(text: &[u8]) -> bool {
    let allowed = |c: &u8| c.is_ascii_hexdigit() || *c == b':' || *c == b'.';
    let address = text.split(|c| *c == b'%').next().unwrap_or_default();
    if !address.iter().all(allowed) || !address.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let colons = address.iter().filter(|c| **c == b':').count();
    let short = address
        .split(|c| *c == b':')
        .all(|group| group.len() <= 4 || group.contains(&b'.'));
    let doubled = address.windows(2).any(|pair| pair == b"::");
    short && (colons >= 5 || (colons >= 2 && doubled))
}

/// Returns whether `text` begins with an enhanced mail code (RFC 3463): class 2, 4 or 5, subject,
/// detail.
pub(super) fn enhanced_code(text: &[u8]) -> Option<usize> {
    let subject = digits(text.get(2..)?);
    let detail = digits(text.get(3 + subject..)?);
    let len = 3 + subject + detail;
    let is_code = b"245".contains(&text[0])
        && text[1] == b'.'
        && text[2 + subject] == b'.'
        && (1..=3).contains(&subject)
        && (1..=3).contains(&detail);
    let goes_on = text.get(len).is_some_and(|c| c.is_ascii_alphanumeric())
        || (text.get(len) == Some(&b'.') && text.get(len + 1).is_some_and(u8::is_ascii_digit));
    (is_code && !goes_on).then_some(len)
}

/// Returns whether `text` begins with a UUID.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, c): (usize, &u8)| {
        if hyphen(at) {
            *c == b'-'
        } else {
            c.is_ascii_hexdigit()
        }
    };
    text.get(8) == Some(&b'-')
        && text.len() >= 36
        && text[..36].iter().enumerate().all(fits)
        && !text.get(36).is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [TIME_UNITS, SPACED_TIME_UNITS, SIZE_UNITS, SPACED_SIZE_UNITS] {
            assert!(table.is_sorted(), "{table:?}");
            let first = |unit: &&str| FIRST_OF_UNITS.may_have(unit.as_bytes().first());
            assert!(table.iter().all(first), "{table:?}");
        }
    }
}
