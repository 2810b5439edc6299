//! Secrets that are known by value.

use std::ops::Range;

use super::common::is_common;
use super::encodings::{base64_forms, readable_forms, unpercent};

/// Values shorter than this would eat normal text. Such a password protects nothing.
const FEWEST_BYTES: usize = 4;
/// Values shorter than this are only removed where they stand alone, not inside a longer word.
const FEWEST_BYTES_INSIDE_WORDS: usize = 6;
/// Base64 texts shorter than this occur in ordinary words.
const FEWEST_BASE64: usize = 6;
/// Lines of secrets of several lines are removed one by one from this length on.
const FEWEST_BYTES_OF_A_LINE: usize = 8;
/// The longest part of a base64 word around a known value that goes with it.
const MOST_AROUND: usize = 4096;
/// Where a text was cut, this much of a known value is recognised.
const FEWEST_AT_EDGE: usize = 3;

/// A form of a secret.
#[derive(Debug)]
struct Needle {
    text: Box<[u8]>,
    form: SecretForm,
}

/// How a form of a secret counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretForm {
    /// Anywhere.
    Anywhere,
    /// Only where no letter or digit stands beside it.
    Alone,
    /// With the rest of the base64 word around it.
    Base64,
}

/// A set of secrets that finds each of them, in each form, in one pass over a text.
#[derive(Debug, Default)]
pub(super) struct KnownValues {
    /// Sorted by their first four bytes, the longest first among those that share them.
    needles: Vec<Needle>,
    /// A bit for each hash of four bytes with which a needle begins.
    beginnings: Vec<u64>,
}

impl KnownValues {
    /// Makes the set from secret values.
    pub(super) fn new(values: impl Iterator<Item = String>) -> Self {
        let mut needles = Vec::new();
        for value in values {
            add(&mut needles, value.trim());
        }
        needles.sort_by(|a: &Needle, b| {
            let order = a.text[..4].cmp(&b.text[..4]);
            order
                .then(b.text.len().cmp(&a.text.len()))
                .then(a.text.cmp(&b.text))
        });
        needles.dedup_by(|a, b| a.text == b.text);
        let mut beginnings = vec![0; 1024];
        for needle in &needles {
            let (word, bit) = place_of(&needle.text);
            beginnings[word] |= bit;
        }
        KnownValues {
            needles,
            beginnings,
        }
    }

    /// Adds the places of all secrets in `text` to `found`.
    pub(super) fn find(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        if self.needles.is_empty() {
            return;
        }
        let mut at = 0;
        while at + 4 <= text.len() {
            let (word, bit) = place_of(&text[at..]);
            match (self.beginnings[word] & bit != 0)
                .then(|| self.match_at(text, at))
                .flatten()
            {
                Some(range) => {
                    at = range.end;
                    found.push(range);
                }
                None => at += 1,
            }
        }
    }

    /// Returns the longest beginning of a secret with which a text ends that was cut there, as its
    /// length.
    pub(super) fn cut_at_end(&self, text: &[u8]) -> usize {
        let cut = |needle: &Needle| {
            let longest = needle.text.len().saturating_sub(1).min(text.len());
            (FEWEST_AT_EDGE..=longest)
                .rev()
                .find(|&len| text.ends_with(&needle.text[..len]))
        };
        self.needles.iter().filter_map(cut).max().unwrap_or(0)
    }

    /// Returns the longest end of a secret with which a text begins that was cut there, as its
    /// length.
    pub(super) fn cut_at_start(&self, text: &[u8]) -> usize {
        let cut = |needle: &Needle| {
            let whole = needle.text.len();
            let longest = whole.saturating_sub(1).min(text.len());
            (FEWEST_AT_EDGE..=longest)
                .rev()
                .find(|&len| text.starts_with(&needle.text[whole - len..]))
        };
        self.needles.iter().filter_map(cut).max().unwrap_or(0)
    }

    fn match_at(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let four = &text[at..at + 4];
        let first = self
            .needles
            .partition_point(|needle| &needle.text[..4] < four);
        self.needles[first..]
            .iter()
            .take_while(|needle| &needle.text[..4] == four)
            .find_map(|needle| needle.match_at(text, at))
    }
}

impl Needle {
    fn match_at(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        if !text[at..].starts_with(&self.text) {
            return None;
        }
        let end = at + self.text.len();
        let beside = |at: Option<usize>| at.and_then(|at| text.get(at)).copied();
        let is_word = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if self.form == SecretForm::Alone
            && (is_word(beside(at.checked_sub(1))) || is_word(beside(Some(end))))
        {
            return None;
        }
        if self.form != SecretForm::Base64 {
            return Some(at..end);
        }
        let before = text[..at].iter().rev().take(MOST_AROUND);
        let after = text[end..].iter().take(MOST_AROUND);
        let start = at - before.take_while(|c| is_base64(**c)).count();
        let end = end + after.take_while(|c| is_base64(**c)).count();
        Some(start..end)
    }
}

fn is_base64(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"+/-_=".contains(&c)
}

fn add(needles: &mut Vec<Needle>, value: &str) {
    if value.len() < FEWEST_BYTES || is_common(value) {
        return;
    }
    let readable = if value.len() < FEWEST_BYTES_INSIDE_WORDS {
        SecretForm::Alone
    } else {
        SecretForm::Anywhere
    };
    for form in readable_forms(value) {
        push(needles, form, readable);
    }
    for form in base64_forms(value.as_bytes()) {
        // `base64` and PEM break lines.
        for line in form.as_bytes().chunks(76).chain(form.as_bytes().chunks(64)) {
            if line.len() >= FEWEST_BASE64 {
                push(
                    needles,
                    String::from_utf8_lossy(line).into_owned(),
                    SecretForm::Base64,
                );
            }
        }
    }
    if value.contains('\n') {
        let lines = value
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("-----"));
        for line in lines.filter(|line| line.len() >= FEWEST_BYTES_OF_A_LINE) {
            push(needles, line.to_owned(), SecretForm::Anywhere);
        }
    }
    if let Some(password) = password_of_url(value) {
        add(needles, &password);
    }
}

fn push(needles: &mut Vec<Needle>, text: String, form: SecretForm) {
    if text.len() >= FEWEST_BYTES {
        let text = text.into_bytes().into_boxed_slice();
        needles.push(Needle { text, form });
    }
}

/// Returns the password in a secret that is a URL (a DSN), which libraries print on its own.
fn password_of_url(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("://")?;
    let (userinfo, _) = rest.rsplit_once('@')?;
    let (_, password) = userinfo.split_once(':')?;
    Some(unpercent(password))
}

fn place_of(text: &[u8]) -> (usize, u64) {
    let four = u32::from_le_bytes([text[0], text[1], text[2], text[3]]);
    let hash = (four.wrapping_mul(0x9e37_79b1) >> 16) as usize;
    (hash >> 6, 1 << (hash & 63))
}
