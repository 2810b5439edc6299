//! What a person or a program asks of a job.

use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::job_state::JobState;

/// A request to a job. What each does in each state is in the table of the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobRequest {
    /// After the steps in progress, then reverts; the job is then cancelled.
    Stop,
    /// The same without reverts.
    StopNoRevert,
    /// The same as `Stop` at once.
    Kill,
    /// Nothing begins after the steps in progress.
    Pause,
    /// The end of a pause.
    Resume,
    /// To go on where the job was stuck or had failed.
    Retry {
        /// The step to begin at again; `None`: where it was.
        from: Option<String>,
    },
    /// A person has done, or undone, this step by hand.
    Skip {
        /// The step.
        step: String,
    },
    /// To revert what was done.
    Revert,
    /// To end the job without reverts.
    Cancel,
    /// To set the class of priority.
    Priority(i8),
}

/// A request that waits for the holder of a job to carry it out. The stronger one replaces the
/// weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum PendingRequest {
    /// Nothing begins after the steps in progress.
    Pause,
    /// After the steps in progress, then reverts.
    Stop,
    /// After the steps in progress, without reverts.
    StopNoRevert,
    /// At once, then reverts.
    Kill,
}

/// A request to a job that the asking session holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct HeldRequest {
    /// The job.
    pub(crate) id: JobId,
    /// The request.
    pub(crate) request: PendingRequest,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestAnswer {
    /// Carried out at once; the job is now in this state.
    Done(JobState),
    /// The holder carries it out; it is asked at its next look, at most a second from now.
    Asked,
    /// The job is as requested already; nothing was changed.
    AsBefore(JobState),
    /// The job is over; nothing was changed.
    Over(JobState),
    /// A job in this state cannot do this; nothing was changed.
    Impossible(JobState),
    /// Another job that is not over has the same key; nothing was changed.
    KeyTaken(JobId),
    /// There is no such job.
    Missing,
}
