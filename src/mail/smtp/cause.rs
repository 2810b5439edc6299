//! What a failure of a conversation means. The texts of the system and of libraries are for
//! programmers.

use std::io;
use std::time::Duration;

use super::super::delivery_error::DeliveryCause;
use super::reply::ReplyFailure;

/// Returns the cause of a failed delivery; `limit` is how long the client waited for an answer.
pub(super) fn cause_of(failure: &ReplyFailure, limit: Duration) -> DeliveryCause {
    match failure {
        ReplyFailure::Reply(code, text) => DeliveryCause::Reply(*code, text.clone()),
        ReplyFailure::Closed => DeliveryCause::Closed,
        ReplyFailure::Garbled(words) => DeliveryCause::Garbled(words.clone()),
        failure if is_silence(failure) => DeliveryCause::Silence(limit),
        ReplyFailure::Io(error) if is_of_tls(error) => DeliveryCause::Tls(error.to_string()),
        ReplyFailure::Io(error) => DeliveryCause::Io(error.kind(), plain_words(error)),
    }
}

/// Returns whether it is only that no answer came.
pub(super) fn is_silence(failure: &ReplyFailure) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    matches!(failure, ReplyFailure::Io(error) if matches!(error.kind(), TimedOut | WouldBlock))
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
