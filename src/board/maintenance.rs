//! What the maintenance of a board asks and answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job_state::JobState;

/// What a check of a board has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct CheckReport {
    /// The identity of the board.
    pub(crate) id: String,
    /// The epoch: raised by each restore.
    pub(crate) epoch: u64,
    /// The version of the schema, and the oldest version of programs that can go on with it.
    pub(crate) schema_version: i64,
    /// See `schema_version`.
    pub(crate) readable_from: i64,
    /// What is wrong, for people; empty: nothing.
    pub(crate) problems: Vec<String>,
    /// What was wrong and is repaired, for people.
    pub(crate) repaired: Vec<String>,
    /// How many jobs are in each state.
    pub(crate) jobs: Vec<(JobState, u64)>,
    /// How many late transitions were refused since the board was created.
    pub(crate) stale: u64,
    /// How many bytes the file and its write-ahead log have.
    pub(crate) bytes: u64,
    /// How many pages of the write-ahead log a reader with an old snapshot keeps from being
    /// written back.
    pub(crate) pages_held_back: u64,
}

/// What a copy of a board has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct CopyReport {
    /// The epoch of the copy.
    pub(crate) epoch: u64,
    /// How many jobs it has.
    pub(crate) jobs: u64,
    /// How many bytes it has.
    pub(crate) bytes: u64,
}

/// The limits of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryLimits {
    /// How many rows are returned.
    pub(crate) rows: usize,
    /// How long it may take.
    pub(crate) time: Duration,
    /// How many bytes of a text are returned.
    pub(crate) text: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        QueryLimits {
            rows: 1000,
            time: Duration::from_secs(5),
            text: 64 << 10,
        }
    }
}

/// What a query has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct QueryAnswer {
    /// The names of the columns.
    pub(crate) columns: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Value>>,
    /// Whether there are more.
    pub(crate) has_more: bool,
}
