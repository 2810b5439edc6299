//! How long runs took, column by column of a plot: the shortest, the median and the longest, so
//! that a plot of 100,000 runs is as small as one of a thousand, and no run that was slow is lost
//! between two that were not.

use std::time::Duration;

use super::period::{COLUMNS, Period};
use crate::history::Stamp;

/// Column by column.
#[derive(Clone, Debug)]
pub(crate) struct Durations {
    /// A sample for each part of the time.
    pub(crate) columns: Vec<Column>,
    /// Of all that succeeded.
    pub(crate) whole: Option<DurationRange>,
}

/// What happened in one part of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    /// How long runs took that succeeded, if any did.
    pub(crate) took: Option<DurationRange>,
    /// How many failed.
    pub(crate) failed: u64,
    /// Whether an outage was under way.
    pub(crate) is_down: bool,
}

/// The durations of some runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DurationRange {
    /// The shortest.
    pub(crate) shortest: Duration,
    /// As many were shorter as longer.
    pub(crate) median: Duration,
    /// 95 of 100 were not longer.
    pub(crate) p95: Duration,
    /// The longest.
    pub(crate) longest: Duration,
}

/// Durations as they come.
#[derive(Debug)]
pub(super) struct Taking {
    columns: Vec<Column>,
    taken: Vec<DurationSamples>,
}

/// Some runs that took alike.
#[derive(Clone, Copy, Debug)]
struct DurationSamples {
    nanos: u64,
    count: u32,
    column: u16,
}

impl Taking {
    pub(super) fn new() -> Self {
        Taking {
            columns: vec![Column::default(); COLUMNS],
            taken: Vec::new(),
        }
    }

    /// Takes in `count` successes that began then and took so long each.
    pub(super) fn ok(&mut self, period: &Period, at: Stamp, took: Duration, count: u64) {
        let column = period
            .column(at)
            .and_then(|column| u16::try_from(column).ok());
        if let Some(column) = column {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.taken.push(DurationSamples {
                nanos,
                count,
                column,
            });
        }
    }

    /// Takes in failures.
    pub(super) fn failed(&mut self, period: &Period, at: Stamp, count: u64) {
        if let Some(column) = period.column(at) {
            self.columns[column].failed += count;
        }
    }

    /// Marks when an outage was under way.
    pub(super) fn down(&mut self, period: &Period, from: Stamp, until: Stamp) {
        let columns = period.columns_of(from, until).into_iter().flatten();
        columns.for_each(|column| self.columns[column].is_down = true);
    }

    /// Returns whether any run succeeded.
    pub(super) fn any(&self) -> bool {
        !self.taken.is_empty()
    }

    pub(super) fn finish(mut self) -> Durations {
        self.taken.sort_unstable_by_key(|taken| taken.nanos);
        let whole = DurationRange::of(&self.taken);
        let order = |taken: &DurationSamples| (taken.column, taken.nanos);
        self.taken.sort_unstable_by_key(order);
        for taken in self.taken.chunk_by(|one, other| one.column == other.column) {
            let column = usize::from(taken[0].column);
            self.columns[column].took = DurationRange::of(taken);
        }
        Durations {
            columns: self.columns,
            whole,
        }
    }
}

impl DurationRange {
    /// Returns that of runs in the order of their durations.
    fn of(taken: &[DurationSamples]) -> Option<Self> {
        let count: u64 = taken.iter().map(|taken| u64::from(taken.count)).sum();
        let nth = |wanted: u64| {
            let mut passed = 0;
            let found = taken.iter().find(|taken| {
                passed += u64::from(taken.count);
                passed > wanted
            });
            found.map(|taken| Duration::from_nanos(taken.nanos))
        };
        Some(DurationRange {
            shortest: Duration::from_nanos(taken.first()?.nanos),
            median: nth((count - 1) / 2)?,
            p95: nth((count - 1) * 95 / 100)?,
            longest: Duration::from_nanos(taken.last()?.nanos),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_column_tells_the_shortest_the_median_and_the_longest() {
        let now = Stamp(1_795_317_600_000_000);
        let period = Period::new(now.time(), TimeZone::UTC, Some(Stamp(0)));
        let mut taking = Taking::new();
        for secs in [5, 1, 3, 2, 100] {
            taking.ok(&period, now, Duration::from_secs(secs), 1);
        }
        let yesterday = Stamp(now.0 - 86_400_000_000);
        taking.ok(&period, yesterday, Duration::from_secs(7), 1_000);
        taking.failed(&period, yesterday, 2);
        taking.down(&period, yesterday, now);
        let durations = taking.finish();
        let last = durations.columns[COLUMNS - 1];
        let secs = Duration::from_secs;
        let spread = last.took.unwrap();
        assert_eq!(
            (spread.shortest, spread.median, spread.longest),
            (secs(1), secs(3), secs(100))
        );
        assert!(last.is_down);
        let column = period.column(yesterday).unwrap();
        assert_eq!(durations.columns[column].failed, 2);
        let whole = durations.whole.unwrap();
        assert_eq!((whole.median, whole.p95), (secs(7), secs(7)));
        assert!(durations.columns[0].took.is_none());
    }
}
