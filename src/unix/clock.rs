//! The clocks of this machine. Everybody else takes time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Zoned;
use jiff::tz::TimeZone;
use nix::time::{ClockId, clock_gettime};

use super::local_zone;
use crate::core::time::{Moment, Mono};

/// From when on a day and a month need their year: a time of next year may have the same.
const FAR: Duration = Duration::from_secs(300 * 86_400);

/// Reads both clocks.
pub(crate) fn now() -> Moment {
    Moment {
        mono: mono(),
        wall: wall(),
    }
}

/// Reads the boot clock.
pub(crate) fn mono() -> Mono {
    let read =
        clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has had this clock since 2.6.39");
    Mono::from_nanos(read.tv_sec() * 1_000_000_000 + read.tv_nsec())
}

/// Reads the wall clock; the epoch for a clock set before it.
pub(crate) fn wall() -> SystemTime {
    let read = clock_gettime(ClockId::CLOCK_REALTIME).expect("each POSIX system has this clock");
    let secs = u64::try_from(read.tv_sec()).unwrap_or(0);
    let nanos = u32::try_from(read.tv_nsec()).unwrap_or(0);
    UNIX_EPOCH + Duration::new(secs, nanos)
}

/// Returns the time zone of this machine: `TZ`, else `/etc/localtime`, else UTC.
pub(crate) fn local_zone() -> TimeZone {
    local_zone::local_zone(mono())
}

/// Returns the zone of a name in the time zone database of this machine.
pub(crate) fn zone_named(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// Returns the names in the time zone database of this machine.
pub(crate) fn zone_names() -> Vec<String> {
    let names = jiff::tz::db().available();
    names.map(|name| name.to_string()).collect()
}

/// Returns a time in the zone of this machine; `None` for one before the year -9999 or after 9999.
pub(crate) fn local(time: SystemTime) -> Option<Zoned> {
    let timestamp = jiff::Timestamp::try_from(time).ok()?;
    Some(Zoned::new(timestamp, local_zone()))
}

/// Writes a time as people of this machine read it, in a form of strftime(3).
pub(crate) fn local_time(time: SystemTime, form: &str) -> String {
    local(time).map_or_else(
        || "at an impossible time".to_owned(),
        |time| time.strftime(form).to_string(),
    )
}

/// Returns a time without its seconds: `22 Nov 01:10`.
pub(crate) fn to_the_minute(time: SystemTime) -> String {
    local_time(time, "%d %b %H:%M")
}

/// Returns a time shortly: `22 Nov 01:10:33`; one that is far ahead with its year.
pub(crate) fn short(time: SystemTime) -> String {
    match is_far_ahead(time) {
        true => local_time(time, "%d %b %Y %H:%M:%S"),
        false => local_time(time, "%d %b %H:%M:%S"),
    }
}

/// Returns whether a time is so far ahead that its day and month would be taken for nearer ones.
pub(crate) fn is_far_ahead(time: SystemTime) -> bool {
    wall().checked_add(FAR).is_some_and(|far| time > far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_goes_forward() {
        let earlier = mono();
        assert!(mono() >= earlier && earlier > Mono::BOOT);
    }
}
