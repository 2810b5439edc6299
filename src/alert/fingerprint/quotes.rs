//! What stands in quotes: a key, a value that differs from run to run, or words.

use super::words;

/// Fields whose values say what went wrong: never a value that may differ.
const TELLING_FIELDS: [&[u8]; 9] = [
    b"msg", b"message", b"error", b"err", b"event", b"reason", b"detail", b"code", b"type",
];

/// Returns whether quotes hold the key of an object: `{"status": 404`, `, 'name': …`.
pub(super) fn is_key(before: &[u8], after: &[u8]) -> bool {
    let opens = before.trim_ascii_end().last();
    let goes_on = after.trim_ascii_start();
    opens.is_some_and(|c| matches!(c, b'{' | b',')) && goes_on.starts_with(b":")
}

/// Returns whether quotes hold a value as a whole: one word with digits, a path, or an address.
pub(super) fn is_value(inside: &[u8]) -> bool {
    if inside.iter().any(u8::is_ascii_whitespace) {
        return is_rooted(inside) && !inside.windows(2).any(|pair| pair == b": ");
    }
    let has = |wanted: &[u8]| inside.iter().any(|c| wanted.contains(c));
    has(b"0123456789/\\@")
        || (has(b".") && (has(b":") || words::is_file_name(inside) || words::is_host(inside)))
        || inside == b"localhost"
}

/// Returns whether a text begins as an absolute path does.
fn is_rooted(text: &[u8]) -> bool {
    let drive = text.len() > 2 && text[0].is_ascii_alphabetic() && &text[1..3] == b":\\";
    drive
        || [b"/".as_slice(), b"~/", b"./", b"../"]
            .iter()
            .any(|root| text.starts_with(root))
}

/// Returns whether what opens behind `before` is the value of a field that shows what went wrong:
/// `"msg": …` in JSON, `msg=…` in logfmt.
pub(super) fn is_told(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let name = match before.split_last() {
        Some((b'=', before)) => Some(last_name(before)),
        Some((b':', before)) => match before.trim_ascii_end().split_last() {
            Some((b'"' | b'\'', before)) => Some(last_name(before)),
            _ => None,
        },
        _ => None,
    };
    name.is_some_and(|name| TELLING_FIELDS.contains(&name))
}

fn last_name(text: &[u8]) -> &[u8] {
    let is_name = |c: &&u8| c.is_ascii_alphanumeric() || **c == b'_';
    let len = text.iter().rev().take(16).take_while(is_name).count();
    &text[text.len() - len..]
}
