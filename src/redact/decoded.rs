//! A text as its reader decodes it: percent codes, HTML entities and `\u0022` hide the quotes and
//! separators of a pair from the finders.

use super::cleaned::Cleaned;

/// Codes of which at least one stands in a text in which a pair is encoded.
const MARKS: [&str; 9] = [
    "%22", "%2522", "%3A", "%3a", "%27", "&quot;", "&#", "\\u0022", "\\x22",
];

/// Entities of HTML that stand for a mark of a pair.
const ENTITIES: [(&str, u8); 10] = [
    ("&quot;", b'"'),
    ("&#34;", b'"'),
    ("&#x22;", b'"'),
    ("&apos;", b'\''),
    ("&#39;", b'\''),
    ("&#x27;", b'\''),
    ("&amp;", b'&'),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
    ("&#61;", b'='),
];

/// Returns the decoded reading of a text; `None` when no quote or colon in it is encoded.
pub(super) fn reading_of(text: &str) -> Option<Cleaned> {
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let mut reading = Cleaned {
        text: String::with_capacity(text.len()),
        places: Vec::with_capacity(text.len() + 1),
    };
    let (mut at, mut after_code) = (0, false);
    while let Some(c) = text[at..].chars().next() {
        let (c, len, code) = match code_at(&text[at..]) {
            Some((byte, len)) => (char::from(byte), len, true),
            // A form writes a space as a plus.
            None if c == '+' && after_code => (' ', 1, false),
            None => (c, c.len_utf8(), false),
        };
        reading.text.push(c);
        reading.places.extend((at..).take(c.len_utf8()));
        (at, after_code) = (at + len, code);
    }
    reading.places.push(text.len());
    Some(reading)
}

/// Returns the ASCII character that is encoded at the beginning of `rest`, and the length of its
/// code.
fn code_at(rest: &str) -> Option<(u8, usize)> {
    let (skip, digits) = match rest.as_bytes() {
        [b'%', after @ ..] => {
            let again = after
                .chunks(2)
                .take_while(|two| *two == b"25")
                .count()
                .min(3);
            (1 + 2 * again, 2)
        }
        [b'\\', b'u', b'0', b'0', ..] => (4, 2),
        [b'\\', b'x', ..] => (2, 2),
        [b'&', ..] => {
            let (entity, byte) = ENTITIES
                .iter()
                .find(|(entity, _)| rest.starts_with(entity))?;
            return Some((*byte, entity.len()));
        }
        _ => return None,
    };
    let code = rest.get(skip..skip + digits)?;
    let byte = u8::from_str_radix(code, 16).ok()?;
    (b' '..=b'~')
        .contains(&byte)
        .then_some((byte, skip + digits))
}
