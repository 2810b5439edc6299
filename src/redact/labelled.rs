//! Values whose name stands in another value: `<property name="password" value="…"/>`,
//! `{"name": "DB_PASSWORD", "value": "…"}`, `define('DB_PASSWORD', '…')`.

use std::ops::Range;

use super::bytes::{count, count_back, is_word};
use super::names::{Suspicion, suspicion};
use super::value_extent::{self, KeyValuePair, MOST_ALIGNED};

/// The longest name that is looked at.
const MOST_NAME: usize = 64;
/// The longest content of an element of XML.
const MOST_CONTENT: usize = 4096;

/// Returns how sure the pair before makes us that the value of the pair `name` (`value`) is secret.
pub(super) fn by_neighbour(text: &[u8], name: &Range<usize>, word: &str) -> Option<Suspicion> {
    if !["value", "val", "content"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let between = |c: u8| c.is_ascii_whitespace() || b"\"'\\,{".contains(&c);
    label_before(
        text,
        name.start - count_back(&text[..name.start], 64, between),
    )
}

/// Returns the content of the element whose tag ends at `at`, with its name in an attribute.
pub(super) fn element(text: &[u8], at: usize) -> Option<Range<usize>> {
    let quotes = count_back(&text[..at], 4, |c| b"\"' \\".contains(&c));
    let strong = label_before(text, at - quotes)? == Suspicion::Strong;
    (quotes > 0 && strong)
        .then(|| content(text, at + 1, Suspicion::Strong))
        .flatten()
}

/// Returns how sure we are of the name that ends at `end`, where `name=`, `key:` or the like stands
/// before it.
fn label_before(text: &[u8], end: usize) -> Option<Suspicion> {
    let len = count_back(&text[..end], MOST_NAME, is_name);
    let before = &text[..end - len];
    let marks = count_back(before, 16, |c| b"\"'\\=: \t".contains(&c));
    let separates = before[before.len() - marks..]
        .iter()
        .any(|c| b"=:".contains(c));
    let label = &before[..before.len() - marks];
    let word = &label[label.len() - count_back(label, 16, is_word)..];
    let known = ["name", "key", "id", "property", "n", "field", "variable"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    let name = std::str::from_utf8(&text[end - len..end]).ok()?;
    // `<password value="…"/>`
    let is_element = before.last() == Some(&b'<');
    let labels = is_element || (separates && known);
    labels.then(|| suspicion(name)).flatten()
}

/// Returns the content of an element of XML that begins at `from`: to the tag that closes it.
pub(super) fn content(text: &[u8], from: usize, suspicion: Suspicion) -> Option<Range<usize>> {
    const CDATA: &[u8] = b"<![CDATA[";
    let window = &text[from..text.len().min(from + MOST_CONTENT)];
    let blank = count(window, 64, |c| c.is_ascii_whitespace());
    let is_cdata = window[blank..].starts_with(CDATA);
    let start = from + blank + if is_cdata { CDATA.len() } else { 0 };
    let pair = KeyValuePair {
        suspicion,
        structured: true,
        colon: false,
        line: false,
    };
    let value = value_extent::extent(text, start, pair)?;
    let closing: &[u8] = if is_cdata { b"]]>" } else { b"</" };
    let window = &text[start..text.len().min(start + MOST_CONTENT)];
    let end = window
        .windows(closing.len())
        .position(|mark| mark == closing);
    let end = end.map_or(value.end, |end| start + end);
    Some(value.start..end.max(value.end))
}

/// Returns the quoted argument behind the comma at `at`, whose name is the quoted argument before
/// it.
pub(super) fn argument(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_quote = |c: u8| b"\"'`\\".contains(&c);
    let closing = count_back(&text[..at], 4, is_quote);
    let end = at - closing;
    let len = count_back(&text[..end], MOST_NAME, is_name);
    let opening = count_back(&text[..end - len], 4, is_quote);
    let quote = at + 1 + count(&text[at + 1..], MOST_ALIGNED, |c| c.is_ascii_whitespace());
    if closing == 0 || opening == 0 || len < 3 || !text.get(quote).copied().is_some_and(is_quote) {
        return None;
    }
    let name = std::str::from_utf8(&text[end - len..end]).ok()?;
    let pair = KeyValuePair {
        suspicion: suspicion(name)?,
        structured: true,
        colon: false,
        line: false,
    };
    let range = value_extent::extent(text, quote, pair)?;
    let before = text[..end - len - opening].trim_ascii_end();
    let is_call = before
        .strip_suffix(b"(")
        .and_then(<[u8]>::last)
        .copied()
        .is_some_and(is_word);
    let in_brackets = before.last().is_some_and(|c| b"([,".contains(c));
    let sure = is_call && pair.suspicion == Suspicion::Strong;
    let random = in_brackets && value_extent::looks_random(&text[range.clone()]);
    (sure || random).then_some(range)
}

fn is_name(c: u8) -> bool {
    is_word(c) || c == b'-' || c == b'.'
}
