//! What a look at a moment does with the slots that have come.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::schedule_spec::MissedRule;
use super::slot_rule::SlotRule;

/// A slot that is taken later than this is missed.
const ON_TIME: Duration = Duration::from_secs(60);
/// So many slots are counted one by one.
const MOST_COUNTED: u64 = 1_000;

/// What a look does with the slots that have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotPlan {
    /// The slot for which a job is posted.
    pub(crate) post: Option<Timestamp>,
    /// How many slots are passed over; from 1,000 on they are not counted further.
    pub(crate) missed: u64,
    /// The next slot.
    pub(crate) next: Option<Timestamp>,
}

impl SlotPlan {
    /// Plans at `now`, when the slot `due` has come. Of several slots one is posted, the last.
    /// `held_until`: until when the job before was in the way.
    pub(crate) fn of(
        rule: &SlotRule,
        due: Timestamp,
        now: Timestamp,
        missed: MissedRule,
        held_until: Option<Timestamp>,
    ) -> Self {
        let (last, count) = last_slot(rule, due, now);
        let since = held_until.unwrap_or(last).max(last);
        let is_late = now.duration_since(since).unsigned_abs() > ON_TIME;
        let is_posted = missed == MissedRule::Once || !is_late;
        SlotPlan {
            post: is_posted.then_some(last),
            missed: count + u64::from(!is_posted),
            next: rule.next_after(now),
        }
    }
}

/// Returns the last slot until `now`, and how many are before it.
fn last_slot(rule: &SlotRule, due: Timestamp, now: Timestamp) -> (Timestamp, u64) {
    let (mut last, mut count) = (due, 0);
    while let Some(next) = rule.next_after(last).filter(|next| *next <= now) {
        (last, count) = (next, count + 1);
        if count >= MOST_COUNTED {
            return (near_last(rule, last, now), count);
        }
    }
    (last, count)
}

/// Finds the last slot until `now` from near `now`: there may be millions before.
fn near_last(rule: &SlotRule, from: Timestamp, now: Timestamp) -> Timestamp {
    let mut back = SignedDuration::from_secs(1);
    let mut found = None;
    while found.is_none() {
        let Some(begin) = now.checked_sub(back).ok().filter(|begin| *begin > from) else {
            return from;
        };
        found = rule.next_after(begin).filter(|slot| *slot <= now);
        back = back.saturating_mul(2);
    }
    let mut last = found.unwrap_or(from);
    while let Some(next) = rule.next_after(last).filter(|next| *next <= now) {
        last = next;
    }
    last
}

#[cfg(test)]
#[path = "slot_plan_tests.rs"]
mod tests;
