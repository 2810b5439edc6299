//! The times of a page: now, and the zone in which times are written.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use maud::{Markup, html};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The times of a page: now, and the zone in which times are written.
#[derive(Clone, Debug)]
pub(super) struct PageClock {
    /// Now, in milliseconds since 1970.
    pub(super) now: i64,
    zone: TimeZone,
}

impl PageClock {
    /// Creates the clock of a page that is written now.
    pub(super) fn new(now: i64, zone: TimeZone) -> Self {
        PageClock { now, zone }
    }

    fn local(&self, millis: i64) -> Zoned {
        let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone())
    }

    /// Returns a time in a form of strftime(3).
    pub(super) fn written(&self, millis: i64, form: &str) -> String {
        self.local(millis).strftime(form).to_string()
    }

    /// Returns the abbreviation of the zone, now.
    pub(super) fn zone_word(&self) -> String {
        self.written(self.now, "%Z")
    }

    /// Returns a time to the minute with its zone, `03:42 CET`; of another day with the date.
    pub(super) fn time(&self, millis: i64) -> Markup {
        self.marked(millis, &self.words(millis, "%H:%M %Z"))
    }

    /// Returns a time to the minute without its zone, where a head names the zone.
    pub(super) fn bare(&self, millis: i64) -> Markup {
        self.marked(millis, &self.words(millis, "%H:%M"))
    }

    /// Returns a time to the second without its zone.
    pub(super) fn exact(&self, millis: i64) -> Markup {
        self.marked(millis, &self.words(millis, "%H:%M:%S"))
    }

    /// Returns a time to the second with its zone.
    pub(super) fn exact_in_zone(&self, millis: i64) -> Markup {
        self.marked(millis, &self.words(millis, "%H:%M:%S %Z"))
    }

    fn words(&self, millis: i64, form: &str) -> String {
        let (at, now) = (self.local(millis), self.local(self.now));
        if at.date() == now.date() {
            return at.strftime(form).to_string();
        }
        let day = match at.year() == now.year() || (millis - self.now).abs() < 60 * DAY {
            true => "%a %-d %b, ",
            false => "%-d %b %Y, ",
        };
        at.strftime(&format!("{day}{form}")).to_string()
    }

    fn marked(&self, millis: i64, words: &str) -> Markup {
        let at = self.local(millis);
        let utc = at.timestamp().to_zoned(TimeZone::UTC);
        let title = format!(
            "{} · {} UTC",
            at.strftime("%a %-d %b %Y, %H:%M:%S %Z"),
            utc.strftime("%H:%M:%S")
        );
        let machine = utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        html! { time datetime=(machine) title=(title) { (words) } }
    }

    /// Returns how far a time is from now: `3 min ago`, `in 2 h 17 min`, `now`.
    pub(super) fn distance(&self, millis: i64) -> String {
        let ahead = millis.saturating_sub(self.now);
        match ahead.abs() {
            0..SECOND => "now".to_owned(),
            far if ahead > 0 => format!("in {}", span(far)),
            far => format!("{} ago", span(far)),
        }
    }

    /// Returns since when something is so, and for how long.
    pub(super) fn since_when(&self, millis: i64) -> Markup {
        html! { p class="nowrap" { "since " (self.time(millis)) ", " (self.since(millis)) } }
    }

    /// Returns for how long something has been so.
    pub(super) fn since(&self, millis: i64) -> String {
        span(self.now.saturating_sub(millis).max(0))
    }
}

/// Returns a span of milliseconds as people read it: `0.4 s`, `3 min 34 s`, `1 h 27 min`.
pub(super) fn span(millis: i64) -> String {
    let millis = millis.max(0);
    let two = |whole: i64, unit: &str, rest: i64, lesser: &str| match rest {
        0 => format!("{whole} {unit}"),
        rest => format!("{whole} {unit} {rest} {lesser}"),
    };
    match millis {
        0..100 => format!("{millis} ms"),
        100..10_000 if millis % SECOND >= 100 => {
            format!("{}.{} s", millis / SECOND, millis % SECOND / 100)
        }
        100..MINUTE => format!("{} s", millis / SECOND),
        MINUTE..600_000 => two(millis / MINUTE, "min", millis % MINUTE / SECOND, "s"),
        600_000..HOUR => format!("{} min", millis / MINUTE),
        HOUR..DAY => two(millis / HOUR, "h", millis % HOUR / MINUTE, "min"),
        _ => two(millis / DAY, "d", millis % DAY / HOUR, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_at_most_two_units() {
        for (millis, words) in [
            (7, "7 ms"),
            (420, "0.4 s"),
            (3_000, "3 s"),
            (22_900, "22 s"),
            (214_000, "3 min 34 s"),
            (2_580_000, "43 min"),
            (5_220_000, "1 h 27 min"),
            (100_800_000, "1 d 4 h"),
            (-5, "0 ms"),
        ] {
            assert_eq!(span(millis), words);
        }
    }

    #[test]
    fn times_of_other_days_have_their_day() {
        let clock = PageClock::new(1_797_302_530_000, TimeZone::UTC);
        assert!(
            clock
                .time(1_797_302_000_000)
                .into_string()
                .contains(">02:33 UTC<")
        );
        let former = clock.bare(1_797_302_530_000 - DAY).into_string();
        assert!(former.contains(">Mon 14 Dec, 02:42<"), "{former}");
        assert_eq!(clock.distance(1_797_302_530_000 + 90_000), "in 1 min 30 s");
    }
}
