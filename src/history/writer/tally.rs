//! Counting runs that come too fast to be told one by one.

use std::time::Duration;

use super::{QUICK, TOGETHER};
use crate::state::history::{Result, Spread};
use crate::time::{Moment, Mono};

/// The runs of a task that are counted together.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The end of the latest run and how it ended, told or counted.
    latest: Option<(Mono, Result)>,
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
    pub(super) spread: Spread,
    /// How they ended.
    pub(super) result: Result,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is to be told by itself, after those that were counted.
    Not,
    /// It is the first of those that are counted.
    First,
    /// It is counted.
    Counted,
    /// It is counted, and it is time to tell how many there were.
    Enough,
}

impl Tally {
    /// Counts a run if it ended as the one right before it. This is the path that a healthy chain goes a million times a second.
    pub(super) fn take(&mut self, result: Result, started: Moment, at: Moment) -> Taken {
        let alike = self
            .latest
            .is_some_and(|(ended, latest)| latest == result && at.mono.since(ended) < QUICK);
        self.latest = Some((at.mono, result));
        // No two failures are the same to whoever looks for one.
        if !alike || !matches!(result, Result::Ok | Result::Later) {
            return Taken::Not;
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
                    Taken::Counted
                } else {
                    Taken::Enough
                }
            }
            None => {
                let mut spread = Spread::default();
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
                Taken::First
            }
        }
    }

    /// Returns what was counted, and begins anew.
    pub(super) fn empty(&mut self) -> Option<Counted> {
        self.counted.take()
    }
}
