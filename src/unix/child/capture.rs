//! What a run prints, kept while it streams: the first 20 % and the last 80 % of a limit, whatever
//! the length.
//!
//! Nothing here looks at single bytes before the end, so that the pipe is emptied as fast as memory
//! can be copied. Only when the run has ended is the text made: cut between characters, with U+FFFD
//! for what is not UTF-8, and never longer than the limit.

use std::borrow::Cow;

use crate::core::failure::Output;
use crate::text::cut::floor;

const HEAD_PERCENT: usize = 20;

/// The output of one run so far.
#[derive(Debug)]
pub struct Capture {
    head: Vec<u8>,
    head_limit: usize,
    tail: Ring,
    total: u64,
}

impl Capture {
    /// Makes an empty one that keeps at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let head_limit = limit / 100 * HEAD_PERCENT + limit % 100 * HEAD_PERCENT / 100;
        Capture {
            head: Vec::new(),
            head_limit,
            tail: Ring::new(limit - head_limit),
            total: 0,
        }
    }

    /// Takes what was printed next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.head_limit - self.head.len();
        let (head, tail) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.tail.push(tail);
    }

    /// Returns how many bytes were printed.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns what is kept of the bytes from a position on, as far as that is one piece, and how
    /// many bytes before it are kept no longer.
    pub(super) fn kept_from(&self, from: u64) -> (u64, Vec<u8>) {
        let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
        if let Some(rest) = self.head.get(at(from)..).filter(|rest| !rest.is_empty()) {
            return (0, rest.to_vec());
        }
        let tail = self.tail.to_bytes();
        let start = self.total - tail.len() as u64;
        let begin = from.clamp(start, self.total);
        (
            begin.saturating_sub(from),
            tail[at(begin - start)..].to_vec(),
        )
    }

    /// Makes the text.
    pub fn finish(self) -> Output {
        let limit = self.head_limit + self.tail.limit;
        let total = self.total;
        let mut head = self.head;
        let tail = self.tail.into_bytes();
        if let Some(wide) = Wide::marked(&head) {
            return wide.output(head, tail, total, (self.head_limit, limit));
        }
        if total == (head.len() + tail.len()) as u64 {
            if tail.len() > head.len() {
                // The longer of the two is not copied.
                let mut whole = tail;
                whole.splice(0..0, head);
                head = whole;
            } else {
                head.extend_from_slice(&tail);
            }
            return whole_or_cut(head, self.head_limit, limit);
        }
        let (head, kept_of_head) = beginning(head, self.head_limit);
        let (tail, kept_of_tail) = end(tail, limit - self.head_limit);
        Output {
            head,
            cut: total - (kept_of_head + kept_of_tail) as u64,
            tail,
        }
    }
}

/// The two orders of the bytes of UTF-16.
#[derive(Clone, Copy)]
enum Wide {
    Big,
    Little,
}

impl Wide {
    /// Returns the order that the byte order mark at the beginning says.
    fn marked(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] => Some(Wide::Little),
            [0xfe, 0xff, ..] => Some(Wide::Big),
            _ => None,
        }
    }

    fn decoded(self, bytes: &[u8]) -> String {
        let pairs = bytes.chunks_exact(2).map(|pair| match self {
            Wide::Big => u16::from_be_bytes([pair[0], pair[1]]),
            Wide::Little => u16::from_le_bytes([pair[0], pair[1]]),
        });
        char::decode_utf16(pairs)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .filter(|c| *c != '\u{feff}')
            .collect()
    }

    /// Makes the text of output in UTF-16. Text of wide characters is longer in UTF-8: what is
    /// above the limit is cut as well, and counted in bytes of the text.
    fn output(self, head: Vec<u8>, tail: Vec<u8>, total: u64, limits: (usize, usize)) -> Output {
        let (head_limit, limit) = limits;
        let kept = (head.len() + tail.len()) as u64;
        if kept == total {
            return whole_or_cut(
                self.decoded(&[head, tail].concat()).into_bytes(),
                head_limit,
                limit,
            );
        }
        // A unit of two bytes may be divided where the tail begins.
        let skip = usize::from((total - tail.len() as u64) % 2 == 1);
        let (head_text, tail_text) = (self.decoded(&head), self.decoded(&tail[skip..]));
        let (whole_head, whole_tail) = (head_text.len(), tail_text.len());
        let (head, kept_of_head) = beginning(head_text.into_bytes(), head_limit);
        let (tail, kept_of_tail) = end(tail_text.into_bytes(), limit - head_limit);
        let left_out = (whole_head - kept_of_head) + (whole_tail - kept_of_tail);
        Output {
            head,
            cut: total - kept + left_out as u64,
            tail,
        }
    }
}

/// Makes the text of output that was kept whole; what is not UTF-8 can make it longer than the
/// limit nevertheless.
fn whole_or_cut(bytes: Vec<u8>, head_limit: usize, limit: usize) -> Output {
    if lossy_len(&bytes) <= limit {
        return Output {
            head: into_text(bytes),
            ..Output::default()
        };
    }
    let (head, kept_of_head) = beginning(bytes.clone(), head_limit);
    let rest = bytes[kept_of_head..].to_vec();
    let left = rest.len();
    let (tail, kept_of_tail) = end(rest, limit - head_limit);
    Output {
        head,
        cut: (left - kept_of_tail) as u64,
        tail,
    }
}

/// Returns as much of the beginning as fits into `limit` bytes of text, and how many bytes of the
/// input that is.
fn beginning(mut bytes: Vec<u8>, limit: usize) -> (String, usize) {
    let (mut kept, mut len) = (0, 0);
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        let valid = chunk.valid();
        if len + valid.len() > limit {
            kept += floor(valid, limit - len);
            break;
        }
        kept += valid.len();
        len += valid.len();
        let broken = chunk.invalid().len();
        // A character that the cut has divided is left out; bytes that are none at all are shown.
        let divided = chunks.peek().is_none() && may_be_divided(chunk.invalid());
        if broken == 0 || divided || len + REPLACEMENT > limit {
            break;
        }
        kept += broken;
        len += REPLACEMENT;
    }
    drop(chunks);
    bytes.truncate(kept);
    (into_text(bytes), kept)
}

/// Returns as much of the end as fits into `limit` bytes of text, and how many bytes of the input
/// that is.
fn end(mut bytes: Vec<u8>, limit: usize) -> (String, usize) {
    // The rest of a character that the cut has divided.
    let orphans = bytes.iter().take(3).take_while(|b| is_continuation(**b));
    let mut start = orphans.count();
    let mut len = lossy_len(&bytes[start..]);
    let mut pieces = bytes[start..].utf8_chunks();
    while len > limit {
        let Some(piece) = pieces.next() else { break };
        let valid = piece.valid();
        if len - valid.len() <= limit {
            start += ceil(valid, len - limit);
            break;
        }
        start += valid.len() + piece.invalid().len();
        len -= valid.len();
        len -= if piece.invalid().is_empty() {
            0
        } else {
            REPLACEMENT
        };
    }
    bytes.drain(..start);
    let kept = bytes.len();
    (into_text(bytes), kept)
}

const REPLACEMENT: usize = char::REPLACEMENT_CHARACTER.len_utf8();

fn lossy_len(bytes: &[u8]) -> usize {
    if std::str::from_utf8(bytes).is_ok() {
        return bytes.len();
    }
    let chunks = bytes.utf8_chunks();
    chunks
        .map(|chunk| {
            let broken = !chunk.invalid().is_empty();
            chunk.valid().len() + if broken { REPLACEMENT } else { 0 }
        })
        .sum()
}

/// Makes text without a copy where it is UTF-8.
fn into_text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => match String::from_utf8_lossy(error.as_bytes()) {
            Cow::Owned(text) => text,
            Cow::Borrowed(text) => text.to_owned(),
        },
    }
}

fn ceil(text: &str, least: usize) -> usize {
    (least..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Returns whether these bytes can be the beginning of a character whose rest is missing.
fn may_be_divided(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The last bytes of a stream.
#[derive(Debug)]
struct Ring {
    bytes: Vec<u8>,
    /// Where the oldest byte is, once it is full.
    oldest: usize,
    limit: usize,
}

impl Ring {
    fn new(limit: usize) -> Self {
        Ring {
            bytes: Vec::new(),
            oldest: 0,
            limit,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.limit)..];
        let room = self.limit - self.bytes.len();
        let (first, mut rest) = bytes.split_at(room.min(bytes.len()));
        self.grow_for(first.len());
        self.bytes.extend_from_slice(first);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(self.limit - self.oldest));
            self.bytes[self.oldest..self.oldest + now.len()].copy_from_slice(now);
            self.oldest = (self.oldest + now.len()) % self.limit;
            rest = later;
        }
    }

    /// Doubles like a vector does, but never beyond the limit.
    fn grow_for(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let wanted = needed.max(self.bytes.capacity() * 2).min(self.limit);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (newest, oldest) = self.bytes.split_at(self.oldest);
        [oldest, newest].concat()
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.rotate_left(self.oldest);
        self.bytes
    }
}

#[cfg(test)]
mod tests;
