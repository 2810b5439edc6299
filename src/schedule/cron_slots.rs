//! The times of a cron expression in a zone, over changes of clocks as cron(8) has them.
//!
//! Between two changes the offset is constant, and a time is its wall time less the offset. At a
//! change of three hours at most, fixed times that are skipped run once, right after it, and wall
//! times that come twice run the first time. `*` and `/` follow real time. A greater change is a
//! correction of the zone: the new time holds at once.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::cron_expression::CronExpression;

/// The greatest change of clocks that is made up for.
const GREATEST_CHANGE: i32 = 3 * 3600;
/// More changes of clocks are not looked at: 400 years have no more.
const MOST_CHANGES: usize = 2_000;

/// Returns the first time of an expression after a moment; `None`: no time comes.
pub(super) fn next_after(
    expression: &CronExpression,
    zone: &TimeZone,
    after: Timestamp,
) -> Option<Timestamp> {
    let is_fixed = expression.is_fixed();
    let mut offset = zone.to_offset(after);
    let mut from = minute_after(offset.to_datetime(after))?;
    if is_fixed && let Some(floor) = repeated_until(zone, after) {
        from = from.max(floor);
    }
    let mut wall = expression.next_from(from)?;
    let mut begin = after;
    for _ in 0..MOST_CHANGES {
        let change = zone.following(begin).next();
        let found = offset.to_timestamp(wall).ok()?;
        let Some(change) = change.filter(|change| change.timestamp() <= found) else {
            return Some(found);
        };
        let (before, at) = (offset, change.timestamp());
        offset = change.offset();
        let (old, new) = (before.to_datetime(at), offset.to_datetime(at));
        let is_made_up_for = is_fixed && moves_within_limits(before, offset);
        if is_made_up_for && new > old && wall < new {
            return Some(at);
        }
        let from = if is_made_up_for { old.max(new) } else { new };
        if wall < from || new < old {
            wall = expression.next_from(minute_from(from)?)?;
        }
        begin = at;
    }
    None
}

fn moves_within_limits(before: Offset, after: Offset) -> bool {
    (after.seconds() - before.seconds()).abs() <= GREATEST_CHANGE
}

/// Returns until which wall time all times have been before: the clocks were put back.
fn repeated_until(zone: &TimeZone, moment: Timestamp) -> Option<DateTime> {
    let just_after = moment.checked_add(1.nanosecond()).ok()?;
    let change = zone.preceding(just_after).next()?;
    let at = change.timestamp();
    let before = zone.to_offset(at.checked_sub(SignedDuration::from_nanos(1)).ok()?);
    let is_back = change.offset().seconds() < before.seconds();
    let is_small = moves_within_limits(before, change.offset());
    (is_back && is_small).then(|| minute_from(before.to_datetime(at)))?
}

/// Returns the first whole minute after a time.
fn minute_after(time: DateTime) -> Option<DateTime> {
    let whole = time.date().at(time.hour(), time.minute(), 0, 0);
    whole.checked_add(1.minute()).ok()
}

/// Returns the first whole minute from a time on.
fn minute_from(time: DateTime) -> Option<DateTime> {
    let is_whole = time.second() == 0 && time.subsec_nanosecond() == 0;
    if is_whole {
        Some(time)
    } else {
        minute_after(time)
    }
}
