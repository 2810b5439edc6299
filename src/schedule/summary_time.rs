//! When the next summary is due: at eight in the morning, by the clock of this place.

use std::time::SystemTime;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::core::settings::Digest;

/// The hour at which people look into their inbox.
const HOUR: i8 = 8;

/// Returns the next time for a summary after `after`; `None` when none is wanted, or at the end of
/// time.
pub(crate) fn next(digest: Digest, after: SystemTime, zone: &TimeZone) -> Option<SystemTime> {
    let weekly = match digest {
        Digest::Never => return None,
        Digest::Daily => false,
        Digest::Weekly => true,
    };
    let after = Zoned::new(Timestamp::try_from(after).ok()?, zone.clone());
    let mut date = after.date();
    // Tomorrow at the latest, or within the week that follows.
    for _ in 0..=8 {
        let due = date.at(HOUR, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        if due > after && (!weekly || date.weekday() == Weekday::Monday) {
            return Some(due.timestamp().into());
        }
        date = date.checked_add(1.day()).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday is the 21st of November 2026. Berlin has summer time until the 25th of October.
    fn after(digest: Digest, time: &str) -> String {
        let rules = "CET-1CEST,M3.5.0,M10.5.0/3";
        let zone = TimeZone::posix(rules).unwrap();
        let time = time.parse::<jiff::civil::DateTime>().unwrap();
        let time = time.to_zoned(zone.clone()).unwrap().timestamp();
        let next = next(digest, time.into(), &zone).unwrap();
        let next = Zoned::new(Timestamp::try_from(next).unwrap(), zone);
        next.strftime("%a %Y-%m-%d %H:%M %:z").to_string()
    }

    #[test]
    fn a_daily_one_comes_at_eight_today_or_tomorrow() {
        let daily = |time| after(Digest::Daily, time);
        assert_eq!(daily("2026-11-21T07:59"), "Sat 2026-11-21 08:00 +01:00");
        assert_eq!(daily("2026-11-21T08:00"), "Sun 2026-11-22 08:00 +01:00");
        assert_eq!(daily("2026-12-31T23:00"), "Fri 2027-01-01 08:00 +01:00");
    }

    #[test]
    fn a_weekly_one_comes_on_monday() {
        let weekly = |time| after(Digest::Weekly, time);
        assert_eq!(weekly("2026-11-21T07:59"), "Mon 2026-11-23 08:00 +01:00");
        assert_eq!(weekly("2026-11-23T07:59"), "Mon 2026-11-23 08:00 +01:00");
        assert_eq!(weekly("2026-11-23T08:00"), "Mon 2026-11-30 08:00 +01:00");
    }

    #[test]
    fn eight_stays_eight_when_the_clocks_change() {
        let daily = |time| after(Digest::Daily, time);
        assert_eq!(daily("2026-10-24T09:00"), "Sun 2026-10-25 08:00 +01:00");
        assert_eq!(daily("2026-10-23T09:00"), "Sat 2026-10-24 08:00 +02:00");
    }

    #[test]
    fn nobody_who_does_not_ask_gets_one() {
        let zone = TimeZone::UTC;
        assert_eq!(next(Digest::Never, SystemTime::UNIX_EPOCH, &zone), None);
    }
}
