//! Values of several lines: here-documents and here-strings of shells, blocks of YAML.

use std::ops::Range;

use super::bytes::{count, count_back, is_word};
use super::names::suspicion;

/// The longest value that is looked for.
const MOST_BYTES: usize = 4096;
/// Commands and options that read a password from their input.
const READERS: [&[u8]; 5] = [
    b"passwd", // also `chpasswd`
    b"password-stdin",
    b"passphrase-fd",
    b"secrets create",
    b"secret create",
];

/// Returns the body of the here-document or here-string whose `<<` stands at `at`, when what reads
/// it is called as secrets are.
pub(super) fn body(text: &[u8], at: usize) -> Option<Range<usize>> {
    if text.get(at.wrapping_sub(1)) == Some(&b'<') || !feeds_a_secret(text, at) {
        return None;
    }
    let rest = &text[at..];
    if rest.starts_with(b"<<<") {
        let spaces = count(&rest[3..], 8, |c| c == b' ');
        return here_string(text, at + 3 + spaces);
    }
    let marks = 2 + count(&rest[2..], 4, |c| b"-~'\"\\ ".contains(&c));
    let tag = &rest[marks..marks + count(&rest[marks..], 32, is_word)];
    let line = count(rest, 256, |c| c != b'\n');
    if tag.is_empty() || line == rest.len() {
        return None;
    }
    let start = at + line + 1;
    let window = &text[start.min(text.len())..text.len().min(start + MOST_BYTES)];
    let mut end = 0;
    for line in window.split_inclusive(|c| *c == b'\n') {
        let after_tag = line.trim_ascii().strip_prefix(tag);
        if after_tag.is_some_and(|after| !after.first().copied().is_some_and(is_word)) {
            break;
        }
        end += line.len();
    }
    (end > 0).then(|| start..start + end - usize::from(window[end - 1] == b'\n'))
}

fn here_string(text: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = text.get(at).copied().filter(|c| b"\"'".contains(c));
    let start = at + usize::from(quote.is_some());
    let ends = |c: u8| quote.map_or_else(|| c.is_ascii_whitespace(), |quote| c == quote);
    let len = count(&text[start..], MOST_BYTES, |c| !ends(c));
    let is_variable = text.get(start) == Some(&b'$');
    (len > 0 && !is_variable).then_some(start..start + len)
}

/// Returns whether a secret name stands before the `<<` at `at`, or on its line a command that
/// reads a password.
fn feeds_a_secret(text: &[u8], at: usize) -> bool {
    let start = at - count_back(&text[..at], 256, |c| c != b'\n');
    let end = at + count(&text[at..], 256, |c| c != b'\n');
    let reads = |reader: &&[u8]| {
        text[start..end]
            .windows(reader.len())
            .any(|word| word == *reader)
    };
    if READERS.iter().any(reads) {
        return true;
    }
    let line = &text[start..at];
    let before = line.trim_ascii_end();
    let before = before.strip_suffix(b"cat").unwrap_or(before);
    let marks = count_back(before, 16, |c| b"$(\"'`=: \t".contains(&c));
    let before = &before[..before.len() - marks];
    let name =
        &before[before.len() - count_back(before, 64, |c| is_word(c) || b"-.".contains(&c))..];
    std::str::from_utf8(name).is_ok_and(|name| suspicion(name).is_some())
}

/// Returns the lines of the block that `|` or `>` at `from` begins in YAML, for the pair whose name
/// stands at `name`.
pub(super) fn block_of_yaml(text: &[u8], name: usize, from: usize) -> Option<Range<usize>> {
    let header = count(&text[from..], 16, |c| c != b'\n');
    let mark = text[from..from + header].trim_ascii();
    let is_block =
        matches!(mark, [b'|' | b'>', rest @ ..] if rest.iter().all(|c| b"+-123456789".contains(c)));
    if !is_block || text[from - 1] != b':' {
        return None;
    }
    let indent = count_back(&text[..name], 64, |c| c == b' ' || c == b'-');
    let start = from + header + 1;
    let window = text.get(start..text.len().min(start + MOST_BYTES))?;
    let mut end = 0;
    for line in window.split_inclusive(|c| *c == b'\n') {
        if !line.trim_ascii().is_empty() && count(line, 64, |c| c == b' ') <= indent {
            break;
        }
        end += line.len();
    }
    let first = count(window, 64, |c| c == b' ').min(end);
    (end > first).then(|| start + first..start + end - usize::from(window[end - 1] == b'\n'))
}
