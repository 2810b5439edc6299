//! What decides why a job waits.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::job_record::JobRecord;
use super::pause::PauseRecord;

/// All that is known of why a job waits, for one function that puts it into words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct WaitFacts {
    /// The job.
    pub(crate) job: JobRecord,
    /// When the facts were read, in milliseconds since 1970.
    pub(crate) now: i64,
    /// The tags that the newest shape of the definition needs; `None`: no worker has ever entered
    /// the definition.
    pub(crate) needs: Option<Vec<String>>,
    /// The live sessions, and for each why it does not claim the job.
    pub(crate) workers: Vec<WorkerFacts>,
    /// How many jobs of the lane come before it, counted to 10,001 at most.
    pub(crate) before: u64,
    /// Whether nothing is claimed yet after a restore, until the longest lease has passed.
    pub(crate) is_barred: bool,
    /// The limit that the job counts for.
    pub(crate) limit: Option<LimitFacts>,
    /// The pauses of its definition and of the project of that.
    pub(crate) pauses: Vec<PauseRecord>,
}

/// What stands between a limited job and its admission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct LimitFacts {
    /// How many jobs of the key hold a place at once; `None`: any number.
    pub(crate) most: Option<u32>,
    /// The first eight jobs that hold a place.
    pub(crate) holders: Vec<JobId>,
    /// How many limited jobs of the key come before it, counted to 10,001 at most.
    pub(crate) before: u64,
}

/// What stands between a live session and a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct WorkerFacts {
    /// The name.
    pub(crate) name: String,
    /// Whether it has entered the definition.
    pub(crate) knows_definition: bool,
    /// Whether the shape that it knows is older than the one under which the job has begun.
    pub(crate) is_older: bool,
    /// The needed tags that it lacks.
    pub(crate) lacks: Vec<String>,
    /// The needed tags whose command answered no for the job.
    pub(crate) cannot_now: Vec<String>,
    /// Whether the job must not be done by it next.
    pub(crate) is_avoided: bool,
    /// Whether the job is bound to another host.
    pub(crate) is_other_host: bool,
    /// Whether the job is for another worker alone.
    pub(crate) is_for_other: bool,
    /// Whether it is asked to drain, to sleep or to quit.
    pub(crate) is_leaving: bool,
    /// The pause of the worker.
    pub(crate) pause: Option<PauseRecord>,
    /// How many jobs it holds.
    pub(crate) holds: u64,
    /// How many steps at once.
    pub(crate) slots: u32,
}

/// A job that a worker cannot do now, though it may be able to later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct CannotNow {
    /// The job.
    pub(crate) job: JobId,
    /// The tag whose command answered no.
    pub(crate) tag: String,
}
