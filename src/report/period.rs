//! The time that a report is about: 90 days of the calendar of this machine, today the last, and
//! the columns of a plot.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::history::Stamp;

/// How many days are shown.
pub(crate) const DAYS: usize = 90;
/// How many columns a plot has: three for each day.
pub(crate) const COLUMNS: usize = 3 * DAYS;
/// A plot of less time would be one of rounding errors.
const SHORTEST: Duration = Duration::from_secs(10 * 60);

/// The time that a report is about.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    zone: TimeZone,
    now: Stamp,
    /// When each day begins, and which it is.
    days: Vec<(Stamp, Date)>,
    /// Where plots begin.
    plot: Stamp,
}

impl Period {
    /// Makes the one that ends now. `earliest` is when the first run that is known began: a plot
    /// does not show the time before, unless that is less than half of it.
    pub(crate) fn new(now: SystemTime, zone: TimeZone, earliest: Option<Stamp>) -> Self {
        let today = zoned(now, &zone).date();
        let ago = |days: usize| {
            let days = i64::try_from(days).unwrap_or(0);
            today.checked_sub(Span::new().days(days)).ok()
        };
        let dates = (0..DAYS).rev().filter_map(ago);
        let begins = |date: Date| Some((beginning(date, &zone)?, date));
        let days: Vec<(Stamp, Date)> = dates.filter_map(begins).collect();
        let now = Stamp::of(now);
        let start = days.first().map_or(now, |(start, _)| *start);
        let half = Stamp(start.0 + now.since(start).div_f64(2.0).as_micros() as u64);
        let earliest = earliest.unwrap_or(now).min(before(now, SHORTEST));
        let plot = if earliest < half { start } else { earliest };
        Period {
            zone,
            now,
            days,
            plot,
        }
    }

    /// Returns its end.
    pub(crate) fn now(&self) -> Stamp {
        self.now
    }

    /// Returns its beginning.
    pub(crate) fn start(&self) -> Stamp {
        self.days.first().map_or(self.now, |(start, _)| *start)
    }

    /// Returns where plots begin.
    pub(crate) fn plot_start(&self) -> Stamp {
        self.plot
    }

    /// Returns how many days it has.
    pub(crate) fn days(&self) -> usize {
        self.days.len()
    }

    /// Returns in which of its days a point is; `None` before the first.
    pub(crate) fn day(&self, at: Stamp) -> Option<usize> {
        let later = self.days.partition_point(|(start, _)| *start <= at);
        later.checked_sub(1)
    }

    /// Returns the days that a time touches.
    pub(crate) fn days_of(&self, from: Stamp, until: Stamp) -> Option<RangeInclusive<usize>> {
        let last = self.day(until)?;
        Some(self.day(from).unwrap_or(0)..=last)
    }

    /// Returns in which column of a plot a point is; `None` before the first. What is yet to come
    /// (a clock was set back) is now.
    pub(crate) fn column(&self, at: Stamp) -> Option<usize> {
        if at < self.plot {
            return None;
        }
        let whole = u128::from(self.now.0.saturating_sub(self.plot.0).max(1));
        let part = u128::from(at.0 - self.plot.0);
        let column = part * COLUMNS as u128 / whole;
        Some(usize::try_from(column).map_or(COLUMNS - 1, |column| column.min(COLUMNS - 1)))
    }

    /// Returns the columns that a time touches.
    pub(crate) fn columns_of(&self, from: Stamp, until: Stamp) -> Option<RangeInclusive<usize>> {
        let last = self.column(until)?;
        Some(self.column(from).unwrap_or(0)..=last)
    }

    /// Returns when a column begins.
    pub(crate) fn begin_of(&self, column: usize) -> Stamp {
        let whole = u128::from(self.now.0.saturating_sub(self.plot.0));
        let part = whole * column as u128 / COLUMNS as u128;
        Stamp(self.plot.0 + u64::try_from(part).unwrap_or(0))
    }

    /// Writes a day in a form of strftime(3).
    pub(crate) fn date(&self, day: usize, form: &str) -> String {
        let date = self.days.get(day).map(|(_, date)| *date);
        date.map_or_else(String::new, |date| date.strftime(form).to_string())
    }

    /// Writes a point in a form of strftime(3).
    pub(crate) fn local(&self, at: Stamp, form: &str) -> String {
        zoned(at.time(), &self.zone).strftime(form).to_string()
    }

    /// Returns a point as people read it next to others: with the year only where it is another
    /// one.
    pub(crate) fn short(&self, at: Stamp) -> String {
        let year = |at| zoned(at, &self.zone).year();
        if year(at.time()) == year(self.now.time()) {
            self.local(at, "%d %b %H:%M")
        } else {
            self.local(at, "%d %b %Y %H:%M")
        }
    }
}

fn before(at: Stamp, span: Duration) -> Stamp {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Stamp(at.0.saturating_sub(micros))
}

fn zoned(at: SystemTime, zone: &TimeZone) -> Zoned {
    let timestamp = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    Zoned::new(timestamp, zone.clone())
}

/// Returns when a day begins: not at midnight where summer begins at midnight.
fn beginning(date: Date, zone: &TimeZone) -> Option<Stamp> {
    let start = date.to_zoned(zone.clone()).ok()?;
    Some(Stamp::of(SystemTime::from(start.timestamp())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    /// 22 November 2026, 03:20 UTC.
    const NOW: u64 = 1_795_317_600;

    fn at(secs: u64) -> Stamp {
        Stamp(secs * 1_000_000)
    }

    fn period(earliest: u64) -> Period {
        Period::new(at(NOW).time(), TimeZone::UTC, Some(at(earliest)))
    }

    #[test]
    fn today_is_the_last_of_90_days() {
        let period = period(0);
        assert_eq!(period.days(), 90);
        assert_eq!(period.day(at(NOW)), Some(89));
        assert_eq!(period.date(89, "%d %b"), "22 Nov");
        assert_eq!(period.date(0, "%d %b"), "25 Aug");
        assert_eq!(period.day(at(NOW - 4 * 3600)), Some(88));
        assert_eq!(period.day(at(NOW - 91 * DAY)), None);
        assert_eq!(period.days_of(at(0), at(NOW)), Some(0..=89));
        assert_eq!(period.days_of(at(0), at(1)), None);
    }

    #[test]
    fn a_plot_of_a_young_chain_begins_with_its_first_run() {
        assert_eq!(period(0).plot_start(), period(0).start());
        assert_eq!(period(NOW - DAY).plot_start(), at(NOW - DAY));
        assert_eq!(period(NOW - 1).plot_start(), at(NOW - 600));
        let nothing = Period::new(at(NOW).time(), TimeZone::UTC, None);
        assert_eq!(nothing.plot_start(), at(NOW - 600));
    }

    #[test]
    fn columns_divide_the_plot_and_what_is_to_come_is_now() {
        let period = period(NOW - DAY);
        assert_eq!(period.column(at(NOW - DAY)), Some(0));
        assert_eq!(period.column(at(NOW - DAY / 2)), Some(COLUMNS / 2));
        assert_eq!(period.column(at(NOW)), Some(COLUMNS - 1));
        assert_eq!(period.column(at(NOW + DAY)), Some(COLUMNS - 1));
        assert_eq!(period.column(at(NOW - DAY - 1)), None);
        assert_eq!(period.begin_of(0), at(NOW - DAY));
        assert_eq!(period.column(period.begin_of(100)), Some(100));
        assert_eq!(period.column(Stamp(u64::MAX)), Some(COLUMNS - 1));
    }

    #[test]
    fn an_hour_that_is_twice_or_never_moves_no_day() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let period = Period::new(at(NOW).time(), berlin, None);
        let day = |name: &str| (0..90).find(|day| period.date(*day, "%d %b") == name);
        let (before, after) = (day("25 Oct").unwrap(), day("26 Oct").unwrap());
        let length = period.days[after].0.since(period.days[before].0);
        assert_eq!(length, Duration::from_secs(25 * 3600));
        assert_eq!(period.short(at(NOW)), "22 Nov 04:20");
        assert_eq!(period.short(at(NOW - 365 * DAY)), "22 Nov 2025 04:20");
    }
}
