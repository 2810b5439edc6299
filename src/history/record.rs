//! The records: what is known of a run, a mail, a start and an end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::run_id;
use super::summary::ChainSummary;
use super::totals::DurationHistogram;
use super::values::{Began, RunResult, Stamp, is_zero, nanos};
use crate::core::event::RunId;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;

/// A line of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// The first line of a file: its form.
    Form(u32),
    /// A runner began.
    Began(Began),
    /// A run ended.
    Run(Box<RecordedRun>),
    /// Many runs ended alike, faster than each is worth a line.
    Runs(RecordedRuns),
    /// A mail is in the outbox.
    Mailed(Mailed),
    /// A failure was not mailed.
    Silent(Silent),
    /// A runner ended by itself.
    Ended {
        /// When.
        at: Stamp,
        /// Why.
        why: String,
    },
    /// What all lines so far come to.
    Summary(ChainSummary),
}

/// A run that ended. All texts are redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordedRun {
    /// Which run.
    #[serde(with = "run_id")]
    pub(crate) id: RunId,
    /// What its task is called on the screen.
    pub(crate) task: String,
    /// When it began.
    pub(crate) at: Stamp,
    /// How long it took.
    #[serde(with = "nanos")]
    pub(crate) took: Duration,
    /// How it ended.
    pub(crate) result: RunResult,
    /// The kind of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// The text of its end, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// What else is known of its failure, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
    /// Where its output is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<OutputPlace>,
}

/// Runs that ended alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordedRuns {
    /// What their task is called on the screen.
    pub(crate) task: String,
    /// When the first of them began.
    pub(crate) at: Stamp,
    /// When the last of them ended.
    pub(crate) until: Stamp,
    /// How many.
    pub(crate) count: u64,
    /// How long they took together.
    #[serde(with = "nanos")]
    pub(crate) took: Duration,
    /// How long the longest took.
    #[serde(with = "nanos")]
    pub(crate) longest: Duration,
    /// How they ended.
    pub(crate) result: RunResult,
    /// How long each of them took; empty in what the first release wrote.
    #[serde(default, skip_serializing_if = "DurationHistogram::is_empty")]
    pub(crate) spread: DurationHistogram,
}

impl RecordedRuns {
    /// Returns how long each of them took, as far as that is known: as long as all on average if
    /// not.
    pub(crate) fn spread(&self) -> DurationHistogram {
        let mut spread = self.spread;
        if spread.is_empty() {
            spread.count(self.average(), self.count);
        }
        spread
    }

    /// Returns how long one of them took on average.
    pub(crate) fn average(&self) -> Duration {
        let nanos = self.took.as_nanos() / u128::from(self.count.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mailed {
    /// When it was put into the outbox.
    pub(crate) at: Stamp,
    /// About which task; `None`: about the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<String>,
    /// About which run, if one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "run_id::optional"
    )]
    pub(crate) run: Option<RunId>,
    /// Its sort: `first`, `new`, `downtime`, `again`, `running`, `healed`, `digest`.
    pub(crate) sort: String,
    /// The headline.
    pub(crate) headline: String,
}

/// Why a failure was not mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Silent {
    /// Of which run.
    #[serde(with = "run_id")]
    pub(crate) run: RunId,
    /// In words.
    pub(crate) why: String,
}

/// Where the output of a run is, in the file beside the one with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutputPlace {
    /// The first byte.
    pub(crate) at: u64,
    /// How many bytes its beginning has.
    pub(crate) head: u64,
    /// How many bytes were left out between beginning and end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) cut: u64,
    /// How many bytes its end has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tail: u64,
}

impl Record {
    /// Adds its line to a text.
    pub(crate) fn write_to(&self, text: &mut Vec<u8>) {
        serde_json::to_writer(&mut *text, self).expect("memory can be written to");
        text.push(b'\n');
    }

    /// Reads a line; `None` for one of an unknown form.
    pub(crate) fn parse(line: &[u8]) -> Option<Record> {
        serde_json::from_slice(line).ok()
    }
}
