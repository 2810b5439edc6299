//! Texts that others wrote, counts and addresses, as they stand on a page.

use maud::{Markup, html};

use crate::alert::fingerprint;
use crate::alert::message::one_line;
use crate::text::counts::grouped;

/// The most characters of a text of others in a row.
const MOST_OF_A_TEXT: usize = 240;
/// The most characters of a name.
const MOST_OF_A_NAME: usize = 80;

/// Returns a name that others gave, apart from the direction of what is around.
pub(super) fn name(text: &str) -> Markup {
    html! { bdi { (one_line(text, MOST_OF_A_NAME)) } }
}

/// Returns a text that others wrote, on one line.
pub(super) fn said(text: &str) -> Markup {
    html! { code class="said" { bdi { (one_line(text, MOST_OF_A_TEXT)) } } }
}

/// Returns a text that others wrote as a part of a sentence.
pub(super) fn quoted(text: &str) -> Markup {
    html! { bdi { (one_line(text, MOST_OF_A_TEXT)) } }
}

/// Returns a text of others for a title or an attribute.
pub(super) fn plain_words(text: &str, most: usize) -> String {
    one_line(text, most)
}

/// Returns the short form of a kind.
pub(super) fn kind(kind: &str) -> String {
    one_line(fingerprint::short(kind), 20)
}

/// Returns a count; one above what was counted to as `> 10,000`.
pub(super) fn capped(count: u64, counted_to: u64) -> String {
    match count > counted_to {
        true => format!("> {}", grouped(counted_to)),
        false => grouped(count),
    }
}

/// Returns the address of a path with these values in its query.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (at, (name, value)) in query.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        push_encoded(&mut address, value);
    }
    address
}

/// Returns the address of what has a name: `/definitions/resize`.
pub(super) fn named(folder: &str, name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
    match !name.is_empty() && name.chars().all(is_plain) {
        true => format!("{folder}/{name}"),
        // A browser would resolve dots, and a proxy escaped slashes.
        false => address(folder, &[("name", name)]),
    }
}

/// Returns the address of a definition.
pub(super) fn definition_address(name: &str) -> String {
    named("/definitions", name)
}

/// Returns a link to a definition.
pub(super) fn definition_link(name: &str) -> Markup {
    html! { a href=(definition_address(name)) { (self::name(name)) } }
}

/// Returns a link to a worker, in the list of workers.
pub(super) fn worker_link(name: &str) -> Markup {
    html! { a href=(address("/workers", &[("q", name)])) { (self::name(name)) } }
}

/// Returns a decoded path as an address has it.
pub(super) fn encoded_path(path: &str) -> String {
    let mut encoded = String::new();
    for part in path.split('/').skip(1) {
        encoded.push('/');
        push_encoded(&mut encoded, part);
    }
    encoded
}

fn push_encoded(address: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                address.push(char::from(byte));
            }
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_leaves_its_place_in_an_address() {
        let address = address("/jobs", &[("key", "a&b=c/ä"), ("q", "")]);
        assert_eq!(address, "/jobs?key=a%26b%3Dc%2F%C3%A4&q=");
        assert_eq!(definition_address("resize"), "/definitions/resize");
        assert_eq!(definition_address(".."), "/definitions?name=..");
        assert_eq!(definition_address("a/b"), "/definitions?name=a%2Fb");
    }

    #[test]
    fn a_text_of_others_is_neither_markup_nor_turns_the_line() {
        let text = said("<script>\u{202e}x").into_string();
        assert!(text.contains("&lt;script&gt;"), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}
