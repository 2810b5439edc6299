//! The journal of a job: what happened, entry by entry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happened to a job. Entries are only appended; `seq` begins at 1 and has no gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct JournalEntry {
    /// Its number within the job.
    pub(crate) seq: u64,
    /// The fence of the claim under which it happened.
    pub(crate) fence: u64,
    /// The step or group; empty: the job.
    pub(crate) step: String,
    /// What was done.
    pub(crate) phase: Phase,
    /// Which attempt of that phase within the round, from 1.
    pub(crate) attempt: u32,
    /// How it ended.
    pub(crate) outcome: EntryOutcome,
    /// When it began, in milliseconds since 1970.
    pub(crate) started: i64,
    /// When it ended, in milliseconds since 1970.
    pub(crate) ended: i64,
    /// The exit code of a command.
    pub(crate) code: Option<i32>,
    /// The fingerprint of a failure.
    pub(crate) kind: Option<String>,
    /// The text of a failure, redacted.
    pub(crate) error: Option<String>,
    /// What an execution gave.
    pub(crate) result: Option<Value>,
    /// The name of the worker.
    pub(crate) worker: String,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// The question whether a step runs or is skipped.
    When,
    /// An execution of a step.
    Execute,
    /// The question whether an interrupted execution was done.
    Check,
    /// A revert of a step.
    Revert,
    /// A new round of a group begins.
    Round,
    /// What a person or a program asked for; of a step where the request names one.
    Request,
    /// What the flow decided after a step had failed for good.
    Decision,
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryOutcome {
    /// Done; of `When`: the step runs; of `Check`: the execution was done.
    Succeeded,
    /// A failure.
    Failed,
    /// The attempt asked to be made again later, and does not count. A number as the result of
    /// the entry is how many milliseconds it asked to wait.
    RetryLater,
    /// Cut off by a crash, or by the end of a lease.
    Interrupted,
    /// Killed on request.
    Killed,
    /// The step is passed over; of `Check`: the execution was not done; of `Request`: a person has
    /// seen to the step.
    Skipped,
    /// The request to stop: no step begins, then reverts.
    Stop,
    /// The same at once.
    Kill,
    /// The same without reverts; of `Decision`: the job ends as `failed`.
    StopNoRevert,
    /// The request to leave a stuck or failed job as it is: `cancelled`.
    Cancel,
    /// The request to begin nothing.
    Pause,
    /// The end of a pause.
    Resume,
    /// The request to go on where the job was stuck or had failed; of `Round`: the round begins.
    Retry,
    /// The request to revert a job that is stuck or has failed; of `Decision`: the job is reverted;
    /// of `Round`: the round before is reverted, so that this one can begin.
    Revert,
}

/// An attempt in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct Doing {
    /// The step.
    pub(crate) step: String,
    /// What is done.
    pub(crate) phase: Phase,
    /// Which attempt of that phase within the round, from 1.
    pub(crate) attempt: u32,
    /// Since when, in milliseconds since 1970.
    pub(crate) since: i64,
}
