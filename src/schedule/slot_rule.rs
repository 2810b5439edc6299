//! The slots of a schedule: when they are, and how a sentence has them.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::cron_slots;
use super::exclude_window::ExcludeWindow;
use super::schedule_sentence;
use super::slot_source::SlotSource;

/// So many excluded slots in a row, each in another window, are taken for all.
const MOST_EXCLUDED: usize = 5_000;

/// The slots of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct SlotRule {
    pub(super) source: SlotSource,
    pub(super) zone: TimeZone,
    pub(super) zone_name: String,
    pub(super) exclude: Vec<ExcludeWindow>,
}

impl SlotRule {
    /// Returns the first slot after a moment; `None`: no slot comes.
    pub(crate) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut found = self.next_of_all(after)?;
        for _ in 0..MOST_EXCLUDED {
            let Some(end) = self.excluded_until(found) else {
                return Some(found);
            };
            found = self.next_of_all(end)?;
        }
        None
    }

    /// Returns the next slots after a moment, so many at most.
    pub(crate) fn next_slots(&self, after: Timestamp, at_most: usize) -> Vec<Timestamp> {
        let following = |slot: &Timestamp| self.next_after(*slot);
        let slots = std::iter::successors(self.next_after(after), following);
        slots.take(at_most).collect()
    }

    /// Returns why there is no slot, ever, as a fragment for messages.
    pub(crate) fn never(&self, now: Timestamp) -> Option<&'static str> {
        if let SlotSource::Cron(expression) = &self.source
            && expression.is_never()
        {
            return Some("no month has that day");
        }
        match self.next_of_all(now) {
            None => Some("its first time is beyond the year 9999"),
            Some(_) if self.next_after(now).is_none() => Some("all its times are excluded"),
            Some(_) => None,
        }
    }

    /// Returns the zone in which its times are.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Returns a sentence about it: `every day at 03:00, Europe/Berlin`.
    pub(crate) fn sentence(&self) -> String {
        schedule_sentence::of(&self.source, &self.zone_name, &self.exclude)
    }

    fn next_of_all(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.source {
            SlotSource::Cron(expression) => cron_slots::next_after(expression, &self.zone, after),
            SlotSource::Every { every, first } => next_of_every(*every, *first, after),
        }
    }

    /// Returns the last moment that is excluded with a slot, if the slot is.
    fn excluded_until(&self, slot: Timestamp) -> Option<Timestamp> {
        let wall = self.zone.to_datetime(slot);
        let end = self
            .exclude
            .iter()
            .filter_map(|window| window.end_of(wall))
            .max()?;
        let end = self.zone.to_timestamp(end).ok()?;
        let last = end.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        // Clocks that go back may bring an end before the slot.
        Some(last.max(slot))
    }
}

fn next_of_every(every: Duration, first: Timestamp, after: Timestamp) -> Option<Timestamp> {
    if after < first {
        return Some(first);
    }
    let every = i128::try_from(every.as_nanos()).ok()?.max(1);
    let passed = after.as_nanosecond() - first.as_nanosecond();
    let next = first.as_nanosecond() + (passed / every + 1) * every;
    Timestamp::from_nanosecond(next).ok()
}
