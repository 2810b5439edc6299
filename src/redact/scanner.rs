//! Secrets that are known by their shape: one pass over the text, each finder called where its mark
//! stands.

use std::ops::Range;

use super::bytes::starts_word;
use super::{cli_flags, heredoc, key_value, labelled, pem, programs, rows, tokens, url};

/// Adds the places of all that looks like a secret to `found`, in order, none inside another.
pub(super) fn find(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut urls = url::UrlFinder::default();
    let mut blocks = pem::PemFinder::default();
    let mut at = 0;
    while at < text.len() {
        let range = match text[at] {
            b':' if text[at..].starts_with(b"://") => urls.userinfo(text, at),
            b'>' => key_value::value_after(text, at).or_else(|| labelled::element(text, at)),
            b':' | b'=' | b'%' => key_value::value_after(text, at),
            b',' => labelled::argument(text, at),
            b'<' if text[at..].starts_with(b"<<") => heredoc::body(text, at),
            b'@' => url::login_of_data_source(text, at),
            b'-' if text[at..].starts_with(b"-----") => blocks.block(text, at),
            b'-' => programs::password(text, at).or_else(|| cli_flags::value_of(text, at)),
            b'\'' | b'"' => key_value::quoted_after_word(text, at),
            c if c.is_ascii_alphanumeric() && starts_word(text, at) => {
                tokens::at(text, at).or_else(|| rows::value_at(text, at))
            }
            _ => None,
        };
        match range {
            Some(range) => {
                at = range.end.max(at + 1);
                found.push(range);
            }
            None => at += 1,
        }
    }
}
