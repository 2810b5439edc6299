//! A job as the board knows it, and queries over many.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job_id::{BatchId, JobId, SessionId};
use super::job_request::PendingRequest;
use super::job_state::JobState;
use crate::flow::journal::Doing;

/// A job as the board knows it, without its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct JobRecord {
    /// The job.
    pub(crate) id: JobId,
    /// The identity of its posting.
    pub(crate) posting: String,
    /// The key.
    pub(crate) key: Option<String>,
    /// The name of the definition.
    pub(crate) definition: String,
    /// The class of priority.
    pub(crate) priority: i8,
    /// Not claimed before, in milliseconds since 1970.
    pub(crate) run_at: i64,
    /// Where it stands.
    pub(crate) state: JobState,
    /// Why it is stuck, or what ended it, for people.
    pub(crate) reason: Option<String>,
    /// The session that holds it.
    pub(crate) owner: Option<SessionId>,
    /// The name of that session.
    pub(crate) worker: Option<String>,
    /// The fence of the last claim.
    pub(crate) fence: u64,
    /// The number of the last journal entry.
    pub(crate) seq: u64,
    /// The attempts in progress.
    pub(crate) doing: Vec<Doing>,
    /// The lease under which it is held, in milliseconds.
    pub(crate) lease: Option<u64>,
    /// Crashes in a row at the same steps.
    pub(crate) crashes: u32,
    /// What its holder is asked for.
    pub(crate) request: Option<PendingRequest>,
    /// The workers that must not do the next try.
    pub(crate) avoid: Vec<String>,
    /// Whether a step has begun.
    pub(crate) has_begun: bool,
    /// The arguments.
    pub(crate) args: Value,
    /// What it gave in the end.
    pub(crate) result: Option<Value>,
    /// The project of the poster.
    pub(crate) project: Option<String>,
    /// The poster.
    pub(crate) posted_by: String,
    /// When it was posted, in milliseconds since 1970.
    pub(crate) posted: i64,
    /// When it was over or stuck, in milliseconds since 1970.
    pub(crate) ended: Option<i64>,
    /// Cancelled when not begun by then, in milliseconds since 1970.
    pub(crate) expires: Option<i64>,
    /// When its time limit is over, in milliseconds since 1970.
    pub(crate) ends_by: Option<i64>,
    /// The key of the limit that it counts for.
    pub(crate) limit_key: Option<String>,
    /// The batch that it is a member of.
    pub(crate) batch: Option<BatchId>,
    /// The name of the only worker that may claim it.
    pub(crate) for_worker: Option<String>,
    /// Whether it is claimed in spite of pauses.
    pub(crate) ignores_pauses: bool,
}

/// A query over jobs, the newest first; what is `None` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct JobFilter {
    /// Only jobs in one of these states; empty: in any.
    pub(crate) states: Vec<JobState>,
    /// Only jobs of this definition.
    pub(crate) definition: Option<String>,
    /// Only jobs with this key.
    pub(crate) key: Option<String>,
    /// Only jobs that this session holds.
    pub(crate) owner: Option<SessionId>,
    /// Only members of this batch.
    pub(crate) batch: Option<BatchId>,
    /// Only jobs of this project.
    pub(crate) project: Option<String>,
    /// Only jobs with a failure of this fingerprint.
    pub(crate) kind: Option<String>,
    /// Only jobs before this one: the last of the page before.
    pub(crate) before: Option<JobId>,
    /// How many at most; 1,000 are the most.
    pub(crate) limit: u32,
}

/// A page of jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct JobPage {
    /// The jobs, the newest first.
    pub(crate) jobs: Vec<JobRecord>,
    /// What to ask for the next page with; `None`: this is the last.
    pub(crate) next: Option<JobId>,
}

/// How many jobs are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct StateCount {
    /// The definition.
    pub(crate) definition: String,
    /// The state.
    pub(crate) state: JobState,
    /// How many, counted to 10,001 at most.
    pub(crate) jobs: u64,
}

/// What became of a write: where the job stands, and the entry that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct JobOutcome {
    /// Where the job stands.
    pub(crate) state: JobState,
    /// The session that holds it.
    pub(crate) owner: Option<SessionId>,
    /// The fence of the last claim.
    pub(crate) fence: u64,
    /// The number of the last journal entry.
    pub(crate) seq: u64,
    /// The attempts in progress.
    pub(crate) doing: Vec<Doing>,
    /// Whether the journal has an entry of the asked number under the asked fence.
    pub(crate) has_entry: bool,
}
