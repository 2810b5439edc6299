//! Times as they are typed.

use std::time::SystemTime;

use jiff::civil::DateTime;

use crate::core::command_error::CommandError;
pub(crate) use crate::core::time::of_unix_millis as of_millis;
use crate::unix::clock;

/// Parses the time of `--at`: a moment, a local time, or a span from now.
///
/// # Errors
///
/// When the text has none of these forms.
pub(crate) fn parse_at(text: &str) -> Result<i64, CommandError> {
    let at = parse_span(text)
        .or_else(|| humantime::parse_rfc3339(text).ok())
        .or_else(|| parse_local(text));
    // Others read the time as one of a calendar.
    let at = at.filter(|at| jiff::Timestamp::try_from(*at).is_ok());
    at.and_then(millis).ok_or_else(|| {
        CommandError::usage(format_args!("`{text}` is no time")).hint(
            "write `2026-12-01 03:00` (local time), `2026-12-01T03:00:00Z`, or `10m` from now",
        )
    })
}

/// Returns a time in milliseconds since 1970.
pub(crate) fn millis(time: SystemTime) -> Option<i64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

fn parse_span(text: &str) -> Option<SystemTime> {
    let span = humantime::parse_duration(text).ok()?;
    clock::wall().checked_add(span)
}

fn parse_local(text: &str) -> Option<SystemTime> {
    let civil: DateTime = text.parse().ok()?;
    let zoned = civil.to_zoned(clock::local_zone()).ok()?;
    Some(zoned.timestamp().into())
}
