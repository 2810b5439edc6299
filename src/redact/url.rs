//! Logins in URLs and in the data sources of database drivers.

use std::ops::Range;

use super::bytes::{count, count_back};

/// The longest login that is looked for.
const MOST_BYTES: usize = 2048;

/// Finds userinfo in URLs, remembering where it has looked in vain: each byte is looked at a
/// bounded number of times.
#[derive(Debug, Default)]
pub(super) struct UrlFinder {
    no_login_before: usize,
}

impl UrlFinder {
    /// Returns the userinfo of the URL whose `://` stands at `at`.
    pub(super) fn userinfo(&mut self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let start = at + 3;
        if start < self.no_login_before {
            return None;
        }
        let len = count(&text[start..], MOST_BYTES, is_url);
        let url = &text[start..start + len];
        if !url.contains(&b'@') {
            self.no_login_before = start + len;
            return None;
        }
        let end = end_of_userinfo(url)?;
        let scheme = &text[at - count_back(&text[..at], 16, |c| c.is_ascii_alphabetic())..at];
        let is_web = scheme.starts_with(b"http");
        let is_name = |c: &u8| c.is_ascii_lowercase() || b"-_.".contains(c);
        let harmless = end == 0 || (!is_web && end <= 16 && url[..end].iter().all(is_name));
        (!harmless && !url.starts_with(b"[redacted")).then_some(start..start + end)
    }
}

/// The place of the `@` that ends userinfo. A password with a bare `/`, `?` or `#` in it is a
/// common mistake, and is printed by the very error that it causes; a port distinguishes a host
/// from a password.
fn end_of_userinfo(url: &[u8]) -> Option<usize> {
    let authority = url
        .iter()
        .position(|c| b"/?#".contains(c))
        .unwrap_or(url.len());
    if let Some(end) = url[..authority].iter().rposition(|&c| c == b'@') {
        return Some(end);
    }
    let colon = url[..authority].iter().position(|&c| c == b':')?;
    let port = &url[colon + 1..authority];
    if url.starts_with(b"[") || port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    url.iter().rposition(|&c| c == b'@')
}

fn is_url(c: u8) -> bool {
    c > b' ' && !b"\"'<>`\\".contains(&c) && c != 0x7f
}

/// Returns the login in `user:password@tcp(host)/db`, as Go's drivers write it, whose `@` stands at
/// `at`.
pub(super) fn login_of_data_source(text: &[u8], at: usize) -> Option<Range<usize>> {
    let after = &text[at + 1..];
    if ![&b"tcp("[..], b"tcp6(", b"unix(", b"cloudsql("]
        .iter()
        .any(|net| after.starts_with(net))
    {
        return None;
    }
    let len = count_back(&text[..at], MOST_BYTES, |c| is_url(c) && c != b'=');
    let login = &text[at - len..at];
    login.contains(&b':').then_some(at - len..at)
}
