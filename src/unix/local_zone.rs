//! The time zone of this machine, read from its one file.
//!
//! jiff finds a zone by looking through all names of the database, some 250 system calls: too much
//! for each start of a command, where `/etc/localtime` names the file.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::core::time::Mono;

/// How long a zone that was read holds: a machine may be moved to another one.
const HOLDS_FOR: Duration = Duration::from_secs(60);

/// Where the zone of the machine is, a link to the file of the zone.
const LOCALTIME: &str = "/etc/localtime";

static LAST: Mutex<Option<(Mono, TimeZone)>> = Mutex::new(None);

/// Returns the time zone of this machine: `TZ`, else `/etc/localtime`, else UTC.
pub(super) fn local_zone(now: Mono) -> TimeZone {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((read, zone)) = &*last
        && now.since(*read) < HOLDS_FOR
    {
        return zone.clone();
    }
    let zone = read();
    *last = Some((now, zone.clone()));
    zone
}

#[expect(clippy::disallowed_methods, reason = "every other place asks here")]
fn read() -> TimeZone {
    let is_set = std::env::var_os("TZ").is_some();
    let of_file = (!is_set).then(of_localtime).flatten();
    of_file.unwrap_or_else(TimeZone::system)
}

/// Returns the zone whose file `/etc/localtime` is; `None` where that is no link to a named zone.
fn of_localtime() -> Option<TimeZone> {
    let target = fs::read_link(LOCALTIME).ok()?;
    let (_, name) = target.to_str()?.split_once("/zoneinfo/")?;
    TimeZone::tzif(name, &fs::read(LOCALTIME).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_file_of_the_machine_is_the_zone_that_the_database_has() {
        let here = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 365 * 50);
        let Some(zone) = of_localtime() else {
            return assert!(fs::read_link(LOCALTIME).is_err(), "a link names a zone");
        };
        let name = zone.iana_name().expect("the link names it");
        let known = TimeZone::get(name).expect("the database has it");
        assert_eq!(zone.to_offset(here), known.to_offset(here));
        assert_eq!(local_zone(Mono::BOOT), local_zone(Mono::BOOT));
    }
}
