//! Limits for what must begin first and is to be cut off then.

use std::time::Duration;

/// No machine is so slow that it needs more.
const LONGEST: Duration = Duration::from_secs(60);

/// Makes attempts with a limit that is short, and twice as long each time, until one returns `true`: the machine was fast enough for what had
/// to be done before the limit passed. Fails when none does.
#[track_caller]
pub(crate) fn with_time_enough(attempt: impl FnMut(Duration) -> bool) {
    let doubled = |times| Duration::from_millis(200_u64 << times);
    let mut limits = (0..).map(doubled).take_while(|limit| *limit <= LONGEST);
    assert!(limits.any(attempt), "no limit was long enough");
}

/// Returns a duration as it is written in a configuration and in the log.
pub(crate) fn words(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
