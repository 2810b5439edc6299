//! One pass over a prepared message that copies what tells failures apart and replaces what does not.

use super::{chunk, dates, words};

/// A message on its way to its normal form.
pub(super) struct Scan<'a> {
    /// All of the message.
    pub(super) text: &'a [u8],
    /// The next byte that is to be judged.
    pub(super) at: usize,
    /// The normal form, as far as it is written.
    out: Vec<u8>,
    /// What stands between here and the current place is copied when something else comes: a few long copies are faster than many short ones.
    copied: usize,
    /// Whether the next number tells failures apart: the last word was `status` or its like.
    pub(super) keeps: bool,
    /// For each kind of quotes: before this place none closes.
    unclosed: [usize; 6],
}

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
        keeps: false,
        unclosed: [0; 6],
    };
    while scan.at < scan.text.len() {
        scan.step();
    }
    scan.catch_up();
    // A message is only ever cut at ASCII characters or whole tokens; should it not be, the rest of a character is no reason to fail.
    String::from_utf8(scan.out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

impl<'a> Scan<'a> {
    /// Judges what begins at the current place, and moves behind it.
    fn step(&mut self) {
        let c = self.text[self.at];
        match c {
            b'\n' => self.replace(" ", 1),
            b' ' => self.copy(1),
            b'"' | b'\'' | b'`' | 0xc2 | 0xe2 if self.quoted() => {}
            c if is_chunk(c) => chunk::judge(self),
            _ => {
                // "status: 404", "status=404", "SQLSTATE[42S02]", "exit (1)" and "code #7" all speak of the number.
                self.keeps &= matches!(c, b'=' | b':' | b'(' | b'[' | b'#' | b'\'' | b'"' | b'`');
                self.copy(1);
            }
        }
    }

    /// Returns what is still to be judged.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    /// Returns the byte before the current place.
    pub(super) fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).map(|at| self.text[at])
    }

    /// Copies `len` bytes.
    pub(super) fn copy(&mut self, len: usize) {
        self.at += len;
    }

    fn catch_up(&mut self) {
        self.out.extend_from_slice(&self.text[self.copied..self.at]);
        self.copied = self.at;
    }

    /// Replaces `len` bytes by a token.
    pub(super) fn replace(&mut self, token: &str, len: usize) {
        self.catch_up();
        self.out.extend_from_slice(token.as_bytes());
        self.at += len;
        self.copied = self.at;
        self.keeps = false;
    }

    /// Replaces a quoted value, if one begins here.
    fn quoted(&mut self) -> bool {
        let rest = self.rest();
        let opens = |(open, _): &(&[u8], &[u8])| rest[0] == open[0] && rest.starts_with(open);
        let Some(which) = QUOTES.iter().position(opens) else {
            return false;
        };
        if self.at < self.unclosed[which] || (which < 2 && self.is_apostrophe()) {
            return false;
        }
        let (open, close) = QUOTES[which];
        match closing(&rest[open.len()..], close) {
            Ok(len) if self.keeps && words::is_short_code(&rest[open.len()..open.len() + len]) => {
                self.copy(open.len() + len + close.len());
                self.keeps = false;
            }
            Ok(len) => self.replace("<quoted>", open.len() + len + close.len()),
            Err(looked_at) => {
                self.unclosed[which] = self.at + open.len() + looked_at;
                return false;
            }
        }
        true
    }

    /// `can't`, `3"`; but `b'bytes'` is a quoted value.
    fn is_apostrophe(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).map(|at| self.text[at]);
        let is_word = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c >= 0x80);
        let is_prefix = before(1).is_some_and(|c| b"bruf".contains(&c)) && !is_word(before(2));
        is_word(before(1)) && !is_prefix
    }
}

/// Returns where quotes close on this line, or how much was looked at in vain. An apostrophe inside a word closes nothing, nor does an escaped quote.
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

/// Says of each byte whether it belongs to words, numbers, paths, addresses (what no blank, bracket, quote or comma interrupts), and what it means there.
const CLASSES: [u8; 256] = classes();
const CHUNK: u8 = 1;
/// The chunk has a digit.
pub(super) const DIGIT: u8 = 2;
/// The chunk has a colon.
pub(super) const COLON: u8 = 4;
/// The chunk has an at sign.
pub(super) const AT: u8 = 8;
/// The chunk has a slash or a backslash.
pub(super) const SLASH: u8 = 16;
/// The chunk has something else that is no ASCII letter.
pub(super) const OTHER: u8 = 32;

const fn classes() -> [u8; 256] {
    const OTHERS: &[u8] = b"_.-+~%$#*!?&";
    let mut classes = [0; 256];
    let mut c = 0;
    while c < 256 {
        let byte = c as u8;
        classes[c] = match byte {
            b'0'..=b'9' => CHUNK | DIGIT,
            b':' => CHUNK | COLON,
            b'@' => CHUNK | AT,
            b'/' | b'\\' => CHUNK | SLASH,
            0x80.. => CHUNK | OTHER,
            _ if byte.is_ascii_alphabetic() => CHUNK,
            _ => 0,
        };
        c += 1;
    }
    let mut at = 0;
    while at < OTHERS.len() {
        classes[OTHERS[at] as usize] = CHUNK | OTHER;
        at += 1;
    }
    classes
}

fn is_chunk(c: u8) -> bool {
    CLASSES[usize::from(c)] & CHUNK != 0
}

/// Returns the length of the chunk that `text` begins with, and what it has in it.
pub(super) fn chunk_length(text: &[u8]) -> (usize, u8) {
    let mut classes = 0;
    for (at, &c) in text.iter().enumerate() {
        let class = CLASSES[usize::from(c)];
        if class & CHUNK == 0 {
            return (at, classes);
        }
        classes |= class;
    }
    (text.len(), classes)
}

/// Returns the length of a date, a time or both that begins at the current place, names of days and months included.
pub(super) fn date_or_time(scan: &Scan<'_>) -> Option<usize> {
    let rest = scan.rest();
    match rest.first()? {
        b'0'..=b'9' | b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S' | b'T' | b'W' => {
            dates::length(rest)
        }
        _ => None,
    }
}
