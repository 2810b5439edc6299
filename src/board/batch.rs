//! Batches: jobs posted together, and what comes after them.

use serde::{Deserialize, Serialize};

use super::job_id::{BatchId, JobId};
use super::post::NextPost;

/// What a batch is posted with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct BatchPost {
    /// The identity of the posting: a second try with the same one is the same batch.
    pub(crate) posting: String,
    /// What it is, for people: the name of a file, or of a definition.
    pub(crate) name: String,
    /// With so many members that did not succeed the batch ends early: what has not begun is
    /// cancelled.
    pub(crate) fails_at: Option<u64>,
    /// What is posted when no member is left.
    pub(crate) then: Vec<NextPost>,
    /// The user or program that posts, for people.
    pub(crate) posted_by: String,
    /// Whether the one post stands for a job for each live worker that can do it.
    pub(crate) every_worker: bool,
}

/// The answer to the post of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct BatchReceipt {
    /// The batch.
    pub(crate) id: BatchId,
    /// How many members this call has posted; the others were there.
    pub(crate) posted: u64,
    /// How many members the batch has.
    pub(crate) jobs: u64,
}

/// A batch as the board knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct BatchRecord {
    /// The batch.
    pub(crate) id: BatchId,
    /// What it is, for people.
    pub(crate) name: String,
    /// How many members it has.
    pub(crate) jobs: u64,
    /// How many of them are not over.
    pub(crate) left: u64,
    /// How many have ended without a success.
    pub(crate) failed: u64,
    /// With so many it ends early.
    pub(crate) fails_at: Option<u64>,
    /// Whether more members may come.
    pub(crate) is_open: bool,
    /// The poster.
    pub(crate) posted_by: String,
    /// When it was posted, in milliseconds since 1970.
    pub(crate) posted: i64,
    /// When the last member was over, in milliseconds since 1970.
    pub(crate) ended: Option<i64>,
}

/// What became of a request to many jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct BulkAnswer {
    /// How many it was carried out for.
    pub(crate) done: u64,
    /// How many holders were asked.
    pub(crate) asked: u64,
    /// How many it changed nothing for.
    pub(crate) passed: u64,
    /// What the next call begins before; `None`: there are no more.
    pub(crate) next: Option<JobId>,
}
