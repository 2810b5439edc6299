//! The forms in which a known secret may turn up: as it is, escaped, URL-encoded, base64-encoded.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Characters that encoders of URLs disagree about, from those that encode all of them to those
/// that encode none.
const LEFT_ALONE: [&[u8]; 5] = [b"", b"*", b"!*'()", b"!$&'()*+,;=", b"!$&'()*+,;=:@/?"];

/// Returns the texts as which `value` may stand in a message: plain, in JSON and Rust strings (also
/// twice), in HTML, in a shell's single quotes, and URL-encoded.
pub(super) fn readable_forms(value: &str) -> Vec<String> {
    let escaped = escape(value);
    let mut forms = vec![
        value.to_owned(),
        escape(&escaped),
        escaped.replace('/', "\\/"),
        escaped,
        value.replace('\'', "'\\''"),
        value.replace('\'', "\\'"),
        value.replace('\n', "\r\n"),
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
    ];
    for left_alone in LEFT_ALONE {
        let upper = percent(value, left_alone);
        forms.push(lower_hex(&upper));
        forms.push(upper.replace("%20", "+"));
        forms.push(lower_hex(&upper).replace("%20", "+"));
        forms.push(upper.replace('%', "%25"));
        forms.push(upper);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Returns what is the same in every base64 text that has `value` inside, whatever stands before
/// and after it: one text for each of the three ways in which bytes fall into groups, in both
/// alphabets.
pub(super) fn base64_forms(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for alphabet in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            forms.push(base64_core(value, before, alphabet));
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// The characters that `value` alone decides when `before` bytes stand before it.
fn base64_core(value: &[u8], before: usize, alphabet: &[u8; 64]) -> String {
    let bit = |at: usize| -> usize {
        let byte = value[at / 8];
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let (start, end) = (before * 8, (before + value.len()) * 8);
    (start.div_ceil(6)..end / 6)
        .map(|digit| {
            let bits = (0..6).fold(0, |bits, at| bits << 1 | bit(digit * 6 + at - start));
            char::from(alphabet[bits])
        })
        .collect()
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn percent(value: &str, left_alone: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || left_alone.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// Returns a percent-encoded text with the digits of its codes in lower case.
fn lower_hex(encoded: &str) -> String {
    let mut digits = 0;
    encoded
        .chars()
        .map(|c| {
            let c = if digits > 0 {
                c.to_ascii_lowercase()
            } else {
                c
            };
            digits = if c == '%' {
                2_u8
            } else {
                digits.saturating_sub(1)
            };
            c
        })
        .collect()
}

/// Undoes percent-encoding; what is not encoded is left as it is.
pub(super) fn unpercent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Undoes base64 in either alphabet, with or without padding; `None` when it is not base64.
pub(super) fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for &c in text {
        let digit = match c {
            b'=' => break,
            b'-' => 62,
            b'_' => 63,
            c => STANDARD.iter().position(|&digit| digit == c)?,
        };
        bits = bits << 6 | u32::try_from(digit).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_wherever_the_value_stands() {
        // `user:hunter2!` and `:hunter2!`, as `base64` prints them.
        let forms = base64_forms(b"hunter2!");
        for text in ["dXNlcjpodW50ZXIyIQ==", "Omh1bnRlcjIh", "aHVudGVyMiE="] {
            assert!(
                forms.iter().any(|form| text.contains(form)),
                "{text}: {forms:?}"
            );
        }
        assert_eq!(unbase64(b"aHVudGVyMiE=").unwrap(), b"hunter2!");
    }

    #[test]
    fn percent_encoding_is_undone() {
        let forms = readable_forms("p@ss/w rd");
        for text in ["p%40ss%2Fw%20rd", "p%40ss%2fw+rd", "p%2540ss%252Fw%2520rd"] {
            assert!(forms.iter().any(|form| form == text), "{text}: {forms:?}");
        }
        assert_eq!(unpercent("p%40ss%2fw rd%zz"), "p@ss/w rd%zz");
    }
}
