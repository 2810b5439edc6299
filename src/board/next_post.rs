//! What jobs and batches follow, and what follows them.

use serde::{Deserialize, Serialize};

use super::job_id::{BatchId, JobId};
use super::post::NextPost;

/// What something follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum FollowedPost {
    /// A job.
    Job(JobId),
    /// A batch.
    Batch(BatchId),
}

/// What comes after a job or a batch, as the board knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct NextRecord {
    /// What is to be posted.
    pub(crate) next: NextPost,
    /// What it became; `None`: not posted so far.
    pub(crate) became: Option<FollowedPost>,
}
