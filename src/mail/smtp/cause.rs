//! What lettre's errors mean. Its own texts are for programmers.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;

use crate::mail::trouble::Cause;

/// Says what an error means; `limit` is how long an answer was waited for.
pub(super) fn cause_of(error: &Error, limit: Duration) -> Cause {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    if let Some(code) = error.status() {
        return Cause::Reply(u16::from(code), source);
    }
    if is_silence(error) {
        return Cause::Silence(limit);
    }
    if error.is_response() {
        return match source.as_str() {
            "incomplete response" => Cause::Closed,
            text => Cause::Garbled(plain_parse(text)),
        };
    }
    if error.is_tls() {
        return Cause::Tls(source);
    }
    match io_error(error) {
        Some(io) if is_tls_error(io) => Cause::Tls(io.to_string()),
        Some(io) => Cause::Io(io.kind(), plain_words(io)),
        None if source.contains("resolve") => Cause::Io(io::ErrorKind::NotFound, source),
        None => Cause::Garbled(source),
    }
}

/// Tells whether it is only that no answer came.
pub(super) fn is_silence(error: &Error) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    error.status().is_none()
        && io_error(error).is_some_and(|io| matches!(io.kind(), TimedOut | WouldBlock))
}

fn io_error(error: &Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(found) = source {
        if let Some(io) = found.downcast_ref::<io::Error>() {
            return Some(io);
        }
        source = found.source();
    }
    None
}

/// rustls hands its errors through as the inside of an `InvalidData`.
fn is_tls_error(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.get_ref().is_some() && !is_utf8_error(error)
}

fn is_utf8_error(error: &io::Error) -> bool {
    error.to_string().contains("UTF-8")
}

/// Returns the system's words without the number that Rust adds.
pub(super) fn plain_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let text = text.trim_start_matches("failed to lookup address information: ");
    text.to_lowercase()
}

/// A parser's error quotes its input in its own notation; what matters is that it is none.
fn plain_parse(text: &str) -> String {
    if text.contains("too long") || text.contains("too large") {
        "its answer has no end".to_owned()
    } else if text.contains("challenges") {
        text.to_owned()
    } else {
        "its answer is not one of a mail server".to_owned()
    }
}
