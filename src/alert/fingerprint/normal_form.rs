//! One pass over a prepared message that copies what distinguishes failures and replaces what does
//! not.

use super::byte_classes::is_chunk;
use super::scan::Scan;
use super::words::Keeps;
use super::{chunk, quotes, words};

/// Pairs of quotes, the ASCII ones first.
const QUOTES: [(&[u8], &[u8]); 6] = [
    (b"\"", b"\""),
    (b"'", b"'"),
    (b"`", b"`"),
    ("“".as_bytes(), "”".as_bytes()),
    ("‘".as_bytes(), "’".as_bytes()),
    ("«".as_bytes(), "»".as_bytes()),
];

/// Returns the normal form of a prepared message.
pub(super) fn normal_form(text: &str) -> String {
    let mut scan = Scan {
        text: text.as_bytes(),
        at: 0,
        out: Vec::with_capacity(text.len() + 32),
        copied: 0,
        keeps: Keeps::Nothing,
        names_id: false,
        unclosed: [0; 6],
        closes: [usize::MAX; 6],
    };
    while scan.at < scan.text.len() {
        scan.step();
    }
    scan.catch_up();
    // A message is only ever cut at ASCII characters or whole tokens; should it not be, the rest of
    // a character is no reason to fail.
    String::from_utf8(scan.out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

impl Scan<'_> {
    /// Classifies what begins at the current place, and moves behind it.
    fn step(&mut self) {
        let c = self.text[self.at];
        // Most of a message is words with a blank after each.
        if c.is_ascii() && is_chunk(c) {
            chunk::judge(self);
            if self.text.get(self.at) == Some(&b' ') {
                self.copy(1);
            }
            return;
        }
        match c {
            b'\n' => self.replace(" ", 1),
            b' ' => self.copy(1),
            b'"' | b'\'' | b'`' | 0xc2 | 0xe2 if self.quoted() => {}
            c if is_chunk(c) => chunk::judge(self),
            _ => {
                // "status: 404", "status=404", "SQLSTATE[42S02]", "exit (1)" and "code #7" all
                // speak of the number.
                if !matches!(c, b'=' | b':' | b'(' | b'[' | b'#' | b'\'' | b'"' | b'`') {
                    self.forget_word();
                }
                self.copy(1);
            }
        }
    }

    /// Classifies quotes, if any open or close here: a value is replaced, anything else is
    /// classified as what stands outside of quotes.
    fn quoted(&mut self) -> bool {
        let rest = self.rest();
        let opens = |(open, _): &(&[u8], &[u8])| rest[0] == open[0] && rest.starts_with(open);
        if let Some(which) = self.closes.iter().position(|at| *at == self.at) {
            self.copy(QUOTES[which].1.len());
            return true;
        }
        let Some(which) = QUOTES.iter().position(opens) else {
            return false;
        };
        if self.at < self.unclosed[which] || (which < 2 && self.is_apostrophe()) {
            return false;
        }
        let (open, close) = QUOTES[which];
        match closing(&rest[open.len()..], close) {
            Ok(len) => self.judge_quoted(which, len),
            Err(looked_at) => {
                self.unclosed[which] = self.at + open.len() + looked_at;
                return false;
            }
        }
        true
    }

    fn judge_quoted(&mut self, which: usize, len: usize) {
        let (open, close) = QUOTES[which];
        let whole = open.len() + len + close.len();
        let inside = &self.rest()[open.len()..open.len() + len];
        if quotes::is_key(&self.text[..self.at], &self.rest()[whole..]) {
            self.heard(inside);
            self.copy(whole);
        } else if self.keeps != Keeps::Nothing && words::is_short_code(inside) {
            self.copy(whole);
            self.forget_word();
        } else if quotes::is_value(inside) && !quotes::is_told(&self.text[..self.at]) {
            self.replace("<quoted>", whole);
        } else {
            self.copy(open.len());
            self.closes[which] = self.at + len;
        }
    }

    /// `can't`, `3"`; but `b'bytes'` is a quoted value.
    fn is_apostrophe(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).map(|at| self.text[at]);
        let is_word = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c >= 0x80);
        let is_prefix = before(1).is_some_and(|c| b"bruf".contains(&c)) && !is_word(before(2));
        is_word(before(1)) && !is_prefix
    }
}

/// Returns where quotes close on this line, or how much was looked at in vain. An apostrophe inside
/// a word closes nothing, nor does an escaped quote.
fn closing(text: &[u8], close: &[u8]) -> Result<usize, usize> {
    let mut at = 0;
    while at < text.len() && text[at] != b'\n' {
        if text[at] == b'\\' && at + 1 < text.len() {
            at += 2;
            continue;
        }
        if text[at] != close[0] {
            at += 1;
            continue;
        }
        let after = text.get(at + close.len());
        let inside_word = after.is_some_and(u8::is_ascii_alphanumeric) && close != b"`";
        if text[at..].starts_with(close) && !inside_word {
            return Ok(at);
        }
        at += 1;
    }
    Err(at.min(text.len()))
}
