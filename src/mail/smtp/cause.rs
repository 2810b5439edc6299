//! What a failure of a conversation means. The texts of the system and of libraries are for programmers.

use std::io;
use std::time::Duration;

use super::reply::Failure;
use crate::mail::trouble::Cause;

/// Says what a failure means; `limit` is how long an answer was waited for.
pub(super) fn cause_of(failure: &Failure, limit: Duration) -> Cause {
    match failure {
        Failure::Reply(code, text) => Cause::Reply(*code, text.clone()),
        Failure::Closed => Cause::Closed,
        Failure::Garbled(words) => Cause::Garbled(words.clone()),
        failure if is_silence(failure) => Cause::Silence(limit),
        Failure::Io(error) if is_of_tls(error) => Cause::Tls(error.to_string()),
        Failure::Io(error) => Cause::Io(error.kind(), plain_words(error)),
    }
}

/// Tells whether it is only that no answer came.
pub(super) fn is_silence(failure: &Failure) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    matches!(failure, Failure::Io(error) if matches!(error.kind(), TimedOut | WouldBlock))
}

/// rustls hands its errors through as the inside of those of the system.
fn is_of_tls(error: &io::Error) -> bool {
    let inside = error.get_ref();
    inside.is_some_and(|inside| inside.is::<rustls::Error>())
}

/// Returns the system's words without the number that Rust adds.
pub(super) fn plain_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let text = text.trim_start_matches("failed to lookup address information: ");
    text.to_lowercase()
}
