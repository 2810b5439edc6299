//! The values of which records and their summary are made.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point on the wall clock, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    /// Returns it of a time; the epoch for one before it.
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Stamp(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    /// Returns the time; the epoch for one that this machine cannot say.
    pub(crate) fn time(self) -> SystemTime {
        let since = Duration::from_micros(self.0);
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    /// Returns the point that is so much later.
    pub(crate) fn after(self, span: Duration) -> Stamp {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Stamp(self.0.saturating_add(micros))
    }

    /// Returns how much later it is than `earlier`; zero if it is not.
    pub(crate) fn since(self, earlier: Stamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// How a run ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunResult {
    /// The run did what it was for.
    Ok,
    /// The run asked to be tried again later.
    Later,
    /// The run was ended because the runner was to end.
    Interrupted,
    /// The run failed.
    Failed,
    /// The run failed and asked the runner to stop.
    Fatal,
}

impl RunResult {
    /// Returns whether it is a failure.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, RunResult::Failed | RunResult::Fatal)
    }

    /// Returns it as people read it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RunResult::Ok => "ok",
            RunResult::Later => "to be tried again",
            RunResult::Interrupted => "interrupted",
            RunResult::Failed => "failed",
            RunResult::Fatal => "failed and stopped the runner",
        }
    }
}

/// The beginning of a runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Began {
    /// When.
    pub(crate) at: Stamp,
    /// Its process.
    pub(crate) pid: u32,
    /// Which version of the program it is.
    pub(crate) program: String,
    /// What its tasks are called on the screen, in order.
    pub(crate) tasks: Vec<String>,
    /// The boot of the machine in which it did; 0: not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) boot: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Durations as whole nanoseconds.
pub(crate) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        span: &Duration,
        out: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> core::result::Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_nanos)
    }
}
