//! Where a look for work begins while an old snapshot of the database makes full looks slow.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use crate::core::time::Mono;

/// A full look that takes longer is made once a second alone.
const SLOW: Duration = Duration::from_millis(5);
/// Between two full looks, which find what was posted late, given back or made more urgent.
const FULL_LOOK: Duration = Duration::from_secs(1);

/// The last job of a class that was claimed in a lane.
#[derive(Debug, Deserialize)]
pub(super) struct LaneMark {
    definition: String,
    priority: i8,
    run_at: i64,
    id: u64,
}

/// Where looks begin, for each class of priority from -2 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClassMarks {
    pub(super) at: [i64; 5],
    pub(super) id: [u64; 5],
}

impl Default for ClassMarks {
    fn default() -> Self {
        ClassMarks {
            at: [i64::MIN + 1; 5],
            id: [0; 5],
        }
    }
}

/// The marks of the lanes of a worker.
#[derive(Debug)]
pub(super) struct LaneMarks {
    marks: Mutex<MarkedLanes>,
    slow: Duration,
}

impl Default for LaneMarks {
    fn default() -> Self {
        LaneMarks::with_slow(SLOW)
    }
}

#[derive(Debug, Default)]
struct MarkedLanes {
    lanes: BTreeMap<String, ClassMarks>,
    /// When the last full look was made, if it was slow.
    slow_since: Option<Mono>,
}

impl LaneMarks {
    /// Creates marks that are used after a full look which took longer.
    pub(super) fn with_slow(slow: Duration) -> Self {
        LaneMarks {
            marks: Mutex::default(),
            slow,
        }
    }

    /// Returns where a look begins now in each lane; `None`: at the first job.
    pub(super) fn now(&self, now: Mono) -> Option<BTreeMap<String, ClassMarks>> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let since = marks.slow_since?;
        (now.since(since) < FULL_LOOK).then(|| marks.lanes.clone())
    }

    /// Takes note that nothing was left that was due at a time of the board: what comes later has a
    /// later time.
    pub(super) fn found_no_more<'a>(&self, lanes: impl Iterator<Item = &'a String>, now: i64) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        for lane in lanes {
            let all = ClassMarks {
                at: [now; 5],
                id: [0; 5],
            };
            marks.lanes.insert(lane.clone(), all);
        }
    }

    /// Takes note of what a look has brought, how long it took, and whether it was a full one.
    pub(super) fn seen(&self, found: Vec<LaneMark>, took: Duration, is_full: bool, now: Mono) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if is_full {
            marks.slow_since = (took > self.slow).then_some(now);
        }
        for mark in found {
            let class = usize::try_from(mark.priority + 2).unwrap_or(0).min(4);
            let lane = marks.lanes.entry(mark.definition).or_default();
            if mark.run_at > lane.at[class] || is_full {
                (lane.at[class], lane.id[class]) = (mark.run_at, mark.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(run_at: i64) -> Vec<LaneMark> {
        vec![LaneMark {
            definition: "d".to_owned(),
            priority: 0,
            run_at,
            id: 7,
        }]
    }

    #[test]
    fn a_look_begins_at_the_last_claim_only_while_full_looks_are_slow() {
        let at = |millis| Mono::BOOT + Duration::from_millis(millis);
        let (quick, slow) = (Duration::from_millis(1), Duration::from_millis(9));
        let marks = LaneMarks::default();
        marks.seen(mark(5), quick, true, at(0));
        assert_eq!(marks.now(at(1)), None);
        marks.seen(mark(5), slow, true, at(10));
        marks.seen(mark(6), quick, false, at(20));
        let there = marks.now(at(900)).unwrap();
        assert_eq!((there["d"].at[2], there["d"].id[2]), (6, 7));
        assert_eq!(marks.now(at(1_010)), None, "a full look each second");
        marks.seen(Vec::new(), quick, true, at(1_020));
        assert_eq!(marks.now(at(1_030)), None, "which is quick again");
    }
}
