//! How many mails may leave: buckets of tokens, kept across restarts, counted on the boot clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::time::Mono;

const HOUR: Duration = Duration::from_secs(3600);
/// Takes within so short a time share one entry of an [`HourlyLimit`], so that its size is bounded.
const SHARED: Duration = Duration::from_secs(60);

/// What passed between the saving of a memory and its return: on which clock it is read now, and
/// how long that was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockGap {
    /// When the memory was saved, on the boot clock of then.
    pub(crate) saved: Mono,
    /// How long ago that was, by the wall clock; never negative.
    pub(crate) elapsed: Duration,
    /// The boot clock of now.
    pub(crate) now: Mono,
}

impl ClockGap {
    /// Returns the point on the clock of now that stands for `then` on the clock of the saved
    /// memory.
    pub(crate) fn translate(&self, then: Mono) -> Mono {
        self.translate_with(then, self.elapsed)
    }

    /// As [`translate`](ClockGap::translate), but as if no more than `credit` had passed: no jump
    /// of the wall clock is worth more.
    fn translate_with(&self, then: Mono, credit: Duration) -> Mono {
        let origin = self.now - self.elapsed.min(credit);
        let (ahead, behind) = (then.since(self.saved), self.saved.since(then));
        origin + ahead - behind
    }
}

/// A bucket of `size` tokens, into which one falls each `every`.
///
/// The one number that changes is the moment at which it is full again: there is nothing to be
/// topped up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    size: u32,
    every: Duration,
    full_at: Mono,
}

impl Bucket {
    /// Makes a full one.
    pub(crate) fn full(size: u32, every: Duration, now: Mono) -> Self {
        Bucket {
            size,
            every,
            full_at: now,
        }
    }

    /// Returns the bucket for settings that may have changed: without tokens that the settings do
    /// not allow.
    pub(crate) fn adapted(&self, size: u32, every: Duration, now: Mono) -> Self {
        let most = now + every.saturating_mul(size);
        Bucket {
            size,
            every,
            full_at: self.full_at.min(most),
        }
    }

    /// Returns since when, or from when on, there is a token.
    pub(crate) fn next_token(&self) -> Mono {
        match self.size.checked_sub(1) {
            Some(others) => self.full_at - self.every.saturating_mul(others),
            None => Mono::NEVER,
        }
    }

    /// Takes a token, or puts off the next one when the bucket is empty.
    pub(crate) fn take(&mut self, now: Mono) {
        let most = now + self.every.saturating_mul(self.size);
        self.full_at = (self.full_at.max(now) + self.every).min(most);
    }

    /// Moves it to another boot clock. The absence is worth one token at most.
    pub(crate) fn rebase(&mut self, absence: &ClockGap) {
        self.full_at = absence.translate_with(self.full_at, self.every);
    }
}

/// At most so many in any hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HourlyLimit {
    most: u32,
    takes: Vec<Takes>,
}

/// Tokens taken between `from` and `to`; they are back an hour after `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Takes {
    from: Mono,
    to: Mono,
    count: u32,
}

impl HourlyLimit {
    /// Returns the entries for a limit that may have changed. An entry that lies ahead of the clock
    /// (in a damaged file) counts as of now.
    pub(crate) fn adapted(&self, most: u32, now: Mono) -> Self {
        const MOST_ENTRIES: usize = 64;
        let mut takes = self.takes.clone();
        takes.drain(..takes.len().saturating_sub(MOST_ENTRIES));
        for entry in &mut takes {
            entry.to = entry.to.min(now);
            entry.from = entry.from.min(entry.to);
        }
        HourlyLimit { most, takes }
    }

    /// Returns since when, or from when on, one more may leave.
    pub(crate) fn next_token(&self) -> Mono {
        if self.most == 0 {
            return Mono::NEVER;
        }
        let mut taken = 0_u32;
        for entry in self.takes.iter().rev() {
            taken = taken.saturating_add(entry.count);
            if taken >= self.most {
                return entry.to + HOUR;
            }
        }
        Mono::LONG_AGO
    }

    /// Returns how many have left in the hour before `now`, and how many may in any.
    pub(crate) fn in_last_hour(&self, now: Mono) -> (u32, u32) {
        let recent = self.takes.iter().filter(|entry| entry.to + HOUR > now);
        let taken = recent.fold(0_u32, |sum, entry| sum.saturating_add(entry.count));
        (taken, self.most)
    }

    /// Takes one.
    pub(crate) fn take(&mut self, now: Mono) {
        self.takes.retain(|entry| entry.to + HOUR > now);
        match self.takes.last_mut() {
            Some(last) if now.since(last.from) < SHARED => {
                last.to = last.to.max(now);
                last.count = last.count.saturating_add(1);
            }
            _ => self.takes.push(Takes {
                from: now,
                to: now,
                count: 1,
            }),
        }
    }

    /// Moves it to another boot clock. The absence is worth one token at most.
    pub(crate) fn rebase(&mut self, absence: &ClockGap) {
        let credit = HOUR / self.most.max(1);
        for entry in &mut self.takes {
            entry.from = absence.translate_with(entry.from, credit);
            entry.to = absence.translate_with(entry.to, credit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Mono {
        Mono::BOOT + Duration::from_secs(secs)
    }

    #[test]
    fn a_bucket_gives_its_size_at_once_and_then_one_each_interval() {
        let mut bucket = Bucket::full(3, HOUR, at(0));
        for secs in [0, 1, 2] {
            assert!(bucket.next_token() <= at(secs));
            bucket.take(at(secs));
        }
        assert_eq!(bucket.next_token(), at(3600));
        bucket.take(at(3600));
        assert_eq!(bucket.next_token(), at(7200));
        assert!(bucket.next_token() <= at(1_000_000));
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_size() {
        let mut bucket = Bucket::full(2, HOUR, at(0));
        bucket.take(at(1_000_000));
        bucket.take(at(1_000_000));
        assert_eq!(bucket.next_token(), at(1_003_600));
    }

    #[test]
    fn no_hour_sees_more_than_the_limit() {
        let mut limit = HourlyLimit::default().adapted(20, at(0));
        let mut taken = Vec::new();
        for secs in 0..20_000 {
            if limit.next_token() <= at(secs) {
                limit.take(at(secs));
                taken.push(secs);
            }
        }
        assert!(taken.windows(21).all(|hour| hour[20] - hour[0] >= 3600));
        assert!(taken.len() >= 100, "{}", taken.len());
        assert!(limit.takes.len() <= 61);
    }

    #[test]
    fn a_limit_of_zero_gives_nothing() {
        let limit = HourlyLimit::default().adapted(0, at(0));
        assert_eq!(limit.next_token(), Mono::NEVER);
        assert_eq!(Bucket::full(0, HOUR, at(0)).next_token(), Mono::NEVER);
    }

    #[test]
    fn ten_years_of_absence_are_worth_one_token() {
        let mut bucket = Bucket::full(5, HOUR, at(0));
        (0..5).for_each(|_| bucket.take(at(1000)));
        let absence = ClockGap {
            saved: at(1000),
            elapsed: HOUR * 24 * 3650,
            now: at(7),
        };
        bucket.rebase(&absence);
        assert!(bucket.next_token() <= at(7));
        bucket.take(at(7));
        assert_eq!(bucket.next_token(), at(7) + HOUR);
    }

    #[test]
    fn an_absence_translates_from_clock_to_clock() {
        let absence = ClockGap {
            saved: at(5000),
            elapsed: Duration::from_secs(60),
            now: at(10),
        };
        assert_eq!(
            absence.translate(at(5000)),
            at(10) - Duration::from_secs(60)
        );
        assert_eq!(
            absence.translate(at(4000)),
            at(10) - Duration::from_secs(1060)
        );
        assert_eq!(absence.translate(at(5100)), at(50));
    }
}
