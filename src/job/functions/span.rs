//! Durations as the functions of jobs write them.

use std::time::Duration;

/// Parses a duration such as `10s` or `1h 30m`.
///
/// # Errors
///
/// What is wrong, with the remedy after `; `.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("`{text}` is no duration: {error}; write `10s` or `1h 30m`"))
}

/// Parses a duration, or `never`.
///
/// # Errors
///
/// As [`parse`].
pub(super) fn parse_limit(text: &str) -> Result<Option<Duration>, String> {
    match text {
        "never" => Ok(None),
        text => parse(text).map(Some),
    }
}
