//! What is posted when a job or a batch is over.

use serde::{Deserialize, Serialize};

use super::batch::BatchId;
use super::job_id::JobId;
use super::post::Post;

/// What is posted when a job or a batch is over. Its posting is made from what it follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NextPost {
    /// When it is posted at all.
    pub(crate) rule: ThenRule,
    /// What is posted; its own `then` follows it.
    pub(crate) post: Post,
    /// How long it waits to be begun before it is cancelled, in milliseconds.
    pub(crate) expires_in: Option<i64>,
    /// Whether a job is posted for each live worker that can do it.
    pub(crate) every_worker: bool,
}

/// After which ends the next job is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThenRule {
    /// After a success of all.
    #[default]
    Succeeded,
    /// After any end.
    Ended,
}

/// What something follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FollowedPost {
    /// A job.
    Job(JobId),
    /// A batch.
    Batch(BatchId),
}

/// What comes after a job or a batch, as the board knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NextRecord {
    /// What is to be posted.
    pub(crate) next: NextPost,
    /// What it became; `None`: not posted so far.
    pub(crate) became: Option<FollowedPost>,
}
