//! Whether a success is fresh enough.

use std::time::{Duration, SystemTime};

/// How far the clocks of two machines may be apart without a word.
const CLOCKS_MAY_DIFFER: Duration = Duration::from_secs(60);

/// The age of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LivenessAge {
    /// Not older than is allowed.
    Fresh(Duration),
    /// Older.
    Stale(Duration),
    /// So far ahead of the clock that the record, or the clock, is wrong: it would be fresh for
    /// ever.
    Ahead(Duration),
}

impl LivenessAge {
    /// Compares the time of a success with `now`.
    pub(crate) fn of(at: SystemTime, now: SystemTime, max_age: Duration) -> Self {
        match now.duration_since(at) {
            Ok(age) if age <= max_age => LivenessAge::Fresh(age),
            Ok(age) => LivenessAge::Stale(age),
            Err(ahead) if ahead.duration() <= CLOCKS_MAY_DIFFER => {
                LivenessAge::Fresh(Duration::ZERO)
            }
            Err(ahead) => LivenessAge::Ahead(ahead.duration()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_ages_and_one_that_is_to_come_is_none() {
        let secs = Duration::from_secs;
        let at = SystemTime::UNIX_EPOCH + secs(1_000_000);
        let of = |now: u64| LivenessAge::of(at, SystemTime::UNIX_EPOCH + secs(now), secs(600));
        assert_eq!(of(1_000_600), LivenessAge::Fresh(secs(600)));
        assert_eq!(of(1_000_601), LivenessAge::Stale(secs(601)));
        assert_eq!(of(999_950), LivenessAge::Fresh(secs(0)));
        assert_eq!(of(990_000), LivenessAge::Ahead(secs(10_000)));
    }
}
