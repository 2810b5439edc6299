//! What is counted over all runs of a task, whichever runner ran them: it only grows, from runner
//! to runner, until the machine starts again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::values::{RunResult, is_zero, nanos};

/// Up to which duration, itself included, the classes of runs reach. What takes longer than the
/// last is in a class of its own.
pub(crate) const BOUNDS: [Duration; 15] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(900),
    Duration::from_secs(3_600),
    Duration::from_secs(10_800),
    Duration::from_secs(43_200),
    Duration::from_secs(86_400),
];
const CLASSES: usize = BOUNDS.len() + 1;

/// Runs by how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub(crate) struct DurationHistogram([u64; CLASSES]);

impl DurationHistogram {
    /// Counts runs that took so long each.
    pub(crate) fn count(&mut self, took: Duration, runs: u64) {
        // Most runs that are many are short.
        let class = BOUNDS.iter().position(|bound| took <= *bound);
        let class = &mut self.0[class.unwrap_or(CLASSES - 1)];
        *class = class.saturating_add(runs);
    }

    /// Adds what another one counted.
    pub(crate) fn add(&mut self, other: &DurationHistogram) {
        for (class, more) in self.0.iter_mut().zip(other.0) {
            *class = class.saturating_add(more);
        }
    }

    /// Returns how many runs are in each class, the shortest first: one more than there are
    /// [`BOUNDS`].
    pub(crate) fn classes(&self) -> &[u64] {
        &self.0
    }

    /// Returns how many runs there are.
    pub(crate) fn runs(&self) -> u64 {
        self.0.iter().fold(0, |sum, runs| sum.saturating_add(*runs))
    }

    /// Returns whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs() == 0
    }
}

impl From<Vec<u64>> for DurationHistogram {
    /// Reads the form of the disk: the classes up to the last one that holds a run.
    fn from(classes: Vec<u64>) -> Self {
        let mut spread = DurationHistogram::default();
        for (class, runs) in spread.0.iter_mut().zip(classes) {
            *class = runs;
        }
        spread
    }
}

impl From<DurationHistogram> for Vec<u64> {
    fn from(spread: DurationHistogram) -> Self {
        let last = spread.0.iter().rposition(|runs| *runs > 0);
        spread.0[..last.map_or(0, |last| last + 1)].to_vec()
    }
}

/// All runs of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    #[serde(default, skip_serializing_if = "is_zero")]
    ok: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    later: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    interrupted: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    failed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    fatal: u64,
    /// How long those took together that came to an end of their own.
    #[serde(default, skip_serializing_if = "Duration::is_zero", with = "nanos")]
    took: Duration,
    /// How long each of them took.
    #[serde(default, skip_serializing_if = "DurationHistogram::is_empty")]
    spread: DurationHistogram,
}

impl Totals {
    /// Adds runs that ended alike and took so long together.
    pub(crate) fn add(
        &mut self,
        result: RunResult,
        runs: u64,
        took: Duration,
        spread: &DurationHistogram,
    ) {
        let count = match result {
            RunResult::Ok => &mut self.ok,
            RunResult::Later => &mut self.later,
            RunResult::Interrupted => &mut self.interrupted,
            RunResult::Failed => &mut self.failed,
            RunResult::Fatal => &mut self.fatal,
        };
        *count = count.saturating_add(runs);
        // How long a run took that was cut off means nothing for the task.
        if result != RunResult::Interrupted {
            self.took = self.took.saturating_add(took);
            self.spread.add(spread);
        }
    }

    /// Returns how many runs ended so.
    pub(crate) fn runs(&self, result: RunResult) -> u64 {
        match result {
            RunResult::Ok => self.ok,
            RunResult::Later => self.later,
            RunResult::Interrupted => self.interrupted,
            RunResult::Failed => self.failed,
            RunResult::Fatal => self.fatal,
        }
    }

    /// Returns how long all runs took together, without those that were cut off.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// Returns how long each of them took.
    pub(crate) fn spread(&self) -> &DurationHistogram {
        &self.spread
    }

    /// Returns whether there was no run.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Totals::default()
    }
}

/// How many mails of each sort were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct MailTotals(BTreeMap<String, u64>);

impl MailTotals {
    /// Counts one.
    pub(crate) fn count(&mut self, sort: &str) {
        /// More than there are; a damaged file must not make the summary grow.
        const MOST_SORTS: usize = 32;
        if let Some(count) = self.0.get_mut(sort) {
            *count = count.saturating_add(1);
        } else if self.0.len() < MOST_SORTS {
            self.0.insert(sort.to_owned(), 1);
        }
    }

    /// Returns how many there were of each sort.
    pub(crate) fn by_sort(&self) -> &BTreeMap<String, u64> {
        &self.0
    }

    /// Returns whether there was none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
