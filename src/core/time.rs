//! Points in time as plain values; nothing here reads a clock.
//!
//! Scheduling and outages are counted on the boot clock (`CLOCK_BOOTTIME`: it goes on during
//! suspend and no administrator can turn it back). The wall clock is only for what people read.

use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const NANOS_PER_SEC: i64 = 1_000_000_000;

/// A point on the boot clock, in nanoseconds since boot. Negative: before this boot (restored from
/// a state file).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mono(i64);

impl Mono {
    /// The moment of boot.
    pub const BOOT: Mono = Mono(0);
    /// A point before everything: saturated, like [`Mono::NEVER`] at the other end.
    pub const LONG_AGO: Mono = Mono(i64::MIN);
    /// A point that no clock reaches.
    pub const NEVER: Mono = Mono(i64::MAX);

    /// Makes a point from nanoseconds since boot.
    pub const fn from_nanos(nanos: i64) -> Self {
        Mono(nanos)
    }

    /// Returns nanoseconds since boot.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Returns the time that passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Mono) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_nanos(nanos.unsigned_abs())
    }

    /// Returns the whole seconds and the nanoseconds within the second; (0, 0) before boot.
    pub fn secs_and_nanos(self) -> (i64, i64) {
        let nanos = self.0.max(0);
        (nanos / NANOS_PER_SEC, nanos % NANOS_PER_SEC)
    }
}

fn clamped(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Mono {
    type Output = Mono;

    /// Saturates at [`Mono::NEVER`].
    fn add(self, span: Duration) -> Mono {
        Mono(self.0.saturating_add(clamped(span)))
    }
}

impl Sub<Duration> for Mono {
    type Output = Mono;

    fn sub(self, span: Duration) -> Mono {
        Mono(self.0.saturating_sub(clamped(span)))
    }
}

/// A moment, read off both clocks at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// For arithmetic.
    pub mono: Mono,
    /// For people.
    pub wall: SystemTime,
}

impl Moment {
    /// Returns this moment moved to another point of the boot clock, the wall clock moved by as
    /// much.
    pub fn at(self, mono: Mono) -> Moment {
        let wall = if mono >= self.mono {
            self.wall.checked_add(mono.since(self.mono))
        } else {
            self.wall.checked_sub(self.mono.since(mono))
        };
        Moment {
            mono,
            wall: wall.unwrap_or(self.wall),
        }
    }
}

/// Returns a duration in milliseconds.
pub(crate) fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Returns a time in milliseconds since 1970, as boards and journals have times; 0 for one before.
pub(crate) fn unix_millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Returns the time of milliseconds since 1970; one before 1970 is 1970.
pub(crate) fn of_unix_millis(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The last second that four digits of a year can say.
const LAST_SECOND: u64 = 253_402_300_799;

/// Returns the time that is nearest to a time among those from 1970 to 9999: other ones cannot be
/// written in mails and as RFC 3339, and are those of a file that was made up, or of a
/// clock that is far wrong.
pub(crate) fn sayable(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + since.min(Duration::from_secs(LAST_SECOND))
}

/// How finely a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// `2026-11-30T06:00:00Z`
    Seconds,
    /// `2026-11-30T06:00:00.123Z`
    Millis,
    /// `2026-11-30T06:00:00.123456Z`
    Micros,
}

/// Returns a time as RFC 3339 has it. This is the only place that calls humantime for it, which
/// panics for times that are not [`sayable`].
#[expect(clippy::disallowed_methods, reason = "the time is sayable")]
pub(crate) fn rfc3339(time: SystemTime, precision: Precision) -> String {
    let time = sayable(time);
    match precision {
        Precision::Seconds => humantime::format_rfc3339_seconds(time),
        Precision::Millis => humantime::format_rfc3339_millis(time),
        Precision::Micros => humantime::format_rfc3339_micros(time),
    }
    .to_string()
}

/// Returns a duration in whole units as people write it: `13h 20m`, `1s`, `500ms`. At most two
/// units, never rounded up.
pub(crate) fn in_words(span: Duration) -> String {
    let coarse = match span.as_secs() {
        0 if span.as_millis() > 0 => Duration::from_millis(span.as_millis() as u64),
        0 => Duration::from_micros(span.as_micros() as u64),
        1..60 if span.subsec_millis() > 0 && span.as_secs() < 10 => {
            Duration::from_millis(span.as_millis() as u64)
        }
        secs => Duration::from_secs(secs),
    };
    let text = humantime::format_duration(coarse).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Returns a duration in words, those of less than a millisecond too.
pub(crate) fn exact(span: Duration) -> String {
    match span.as_nanos() {
        0 => "0s".to_owned(),
        nanos @ 1..1_000 => format!("{nanos}ns"),
        nanos @ 1_000..1_000_000 => format!("{}µs", nanos / 1_000),
        _ => in_words(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_nothing_can_say_are_written_as_the_nearest() {
        let day = Duration::from_secs(86_400);
        let far = UNIX_EPOCH + day * 3_000_000;
        let farthest = UNIX_EPOCH + Duration::from_micros(u64::MAX);
        let early = UNIX_EPOCH - day;
        for precision in [Precision::Seconds, Precision::Millis, Precision::Micros] {
            for late in [far, farthest] {
                assert!(rfc3339(late, precision).starts_with("9999-12-31T23:59:59"));
            }
            assert!(rfc3339(early, precision).starts_with("1970-01-01T00:00:00"));
        }
    }

    #[test]
    fn durations_read_as_people_write_them() {
        let secs = Duration::from_secs;
        assert_eq!(in_words(secs(1)), "1s");
        assert_eq!(in_words(Duration::from_millis(500)), "500ms");
        assert_eq!(in_words(Duration::ZERO), "0s");
        assert_eq!(in_words(Duration::from_nanos(426_600)), "426us");
        assert_eq!(in_words(secs(13 * 3600 + 20 * 60 + 7)), "13h 20m");
        assert_eq!(in_words(secs(86_400)), "1day");
        assert_eq!(in_words(Duration::from_millis(1_250)), "1s 250ms");
        assert_eq!(in_words(Duration::from_millis(61_250)), "1m 1s");
    }

    #[test]
    fn arithmetic_saturates_and_never_goes_below_zero() {
        assert_eq!(Mono::BOOT + Duration::MAX, Mono::NEVER);
        assert_eq!(Mono::BOOT.since(Mono::NEVER), Duration::ZERO);
        assert_eq!(
            (Mono::BOOT - Duration::from_secs(1)).as_nanos(),
            -1_000_000_000
        );
    }
}
