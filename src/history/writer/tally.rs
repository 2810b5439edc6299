//! Counting runs that come too fast to be written one by one.

use std::time::Duration;

use crate::core::time::{Moment, Mono};
use crate::history::totals::DurationHistogram;
use crate::history::values::RunResult;

/// Runs that come faster than this are counted together …
pub(super) const QUICK: Duration = Duration::from_millis(100);
/// … and written once in this time.
const TOGETHER: Duration = Duration::from_secs(10);

/// The runs of a task that are counted together.
#[derive(Debug, Default)]
pub(super) struct QuickRuns {
    /// The end of the latest run and how it ended, written or counted.
    latest: Option<(Mono, RunResult)>,
    counted: Option<Counted>,
}

/// Runs that ended alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// When the first began.
    pub(super) first: Moment,
    /// When the last ended.
    pub(super) last: Moment,
    /// How many.
    pub(super) count: u64,
    /// How long they took together.
    pub(super) took: Duration,
    /// How long the longest took.
    pub(super) longest: Duration,
    /// How long each took.
    pub(super) spread: DurationHistogram,
    /// How they ended.
    pub(super) result: RunResult,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// The run gets a line of its own, after those that were counted.
    Not,
    /// The run is the first of those that are counted.
    First,
    /// The run is counted.
    Counted,
    /// The run is counted, and it is time to write how many there were.
    Enough,
}

impl QuickRuns {
    /// Counts a run if it ended as the one right before it. This is the path that a healthy chain
    /// goes a million times a second.
    pub(super) fn take(&mut self, result: RunResult, started: Moment, at: Moment) -> Counting {
        let alike = self
            .latest
            .is_some_and(|(ended, latest)| latest == result && at.mono.since(ended) < QUICK);
        self.latest = Some((at.mono, result));
        // No two failures are the same to a user that looks for one.
        if !alike || !matches!(result, RunResult::Ok | RunResult::Later) {
            return Counting::Not;
        }
        let took = at.mono.since(started.mono);
        match &mut self.counted {
            Some(counted) => {
                counted.count += 1;
                counted.took += took;
                counted.longest = counted.longest.max(took);
                counted.spread.count(took, 1);
                counted.last = at;
                if at.mono.since(counted.first.mono) < TOGETHER {
                    Counting::Counted
                } else {
                    Counting::Enough
                }
            }
            None => {
                let mut spread = DurationHistogram::default();
                spread.count(took, 1);
                self.counted = Some(Counted {
                    first: started,
                    last: at,
                    count: 1,
                    took,
                    longest: took,
                    spread,
                    result,
                });
                Counting::First
            }
        }
    }

    /// Returns what was counted, and begins anew.
    pub(super) fn empty(&mut self) -> Option<Counted> {
        self.counted.take()
    }
}
