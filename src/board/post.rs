//! The request to post a job.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job_id::JobId;

/// The lowest and the highest class of priority.
pub(crate) const PRIORITIES: std::ops::RangeInclusive<i8> = -2..=2;

/// What a job is posted with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct Post {
    /// The identity of the posting: a second try with the same one is the same job, as long as the
    /// board keeps that job.
    pub(crate) posting: String,
    /// The name of the definition.
    pub(crate) definition: String,
    /// The arguments, checked by the poster.
    pub(crate) args: Value,
    /// The key, unique among jobs that are not over.
    pub(crate) key: Option<String>,
    /// What follows when a job with the same key is there.
    pub(crate) if_there: KeyRule,
    /// The class of priority, see [`PRIORITIES`].
    pub(crate) priority: i8,
    /// Not claimed before, in milliseconds since 1970; 0: at once.
    pub(crate) run_at: i64,
    /// Cancelled when not begun by then, in milliseconds since 1970.
    pub(crate) expires: Option<i64>,
    /// The project of the poster.
    pub(crate) project: Option<String>,
    /// The user or program that posts, for people.
    pub(crate) posted_by: String,
    /// The limit behind which the job waits.
    #[serde(default)]
    pub(crate) limit: Option<PostLimit>,
    /// Whether a person wants the job now: it is claimed in spite of pauses.
    #[serde(default)]
    pub(crate) ignores_pauses: bool,
    /// The name of the only worker that may claim the job.
    #[serde(default)]
    pub(crate) for_worker: Option<String>,
    /// What is posted when the job is over.
    #[serde(default)]
    pub(crate) then: Vec<NextPost>,
}

/// A limit as the poster knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct PostLimit {
    /// The key that jobs behind the same limit share.
    pub(crate) key: String,
    /// How many of them run at once, unless a worker has entered another number.
    pub(crate) most: u32,
}

impl Post {
    /// Creates the request for a job that may begin at once, with a posting of its own.
    pub(crate) fn new(definition: &str, args: Value, posting: String) -> Self {
        Post {
            posting,
            definition: definition.to_owned(),
            args,
            key: None,
            if_there: KeyRule::Fail,
            priority: 0,
            run_at: 0,
            expires: None,
            project: None,
            posted_by: String::new(),
            limit: None,
            ignores_pauses: false,
            for_worker: None,
            then: Vec::new(),
        }
    }
}

/// What follows when a job with the same key is there and not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyRule {
    /// The answer names the job that is there; nothing is posted.
    Keep,
    /// The job that is there is cancelled, if no step of it has begun; else the post is refused.
    Replace,
    /// The post is refused.
    #[default]
    Fail,
}

/// The answer to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct PostReceipt {
    /// The job.
    pub(crate) id: JobId,
    /// Whether this call has posted the job; else the job was there.
    pub(crate) is_new: bool,
}

/// What is posted when a job or a batch is over. Its posting is made from what it follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThenRule {
    /// After a success of all.
    #[default]
    Succeeded,
    /// After any end.
    Ended,
}
