//! The beat of a session, and what its answer brings.

use serde::{Deserialize, Serialize};

use super::job_id::{JobId, SessionId};
use super::job_request::HeldRequest;
use super::session_request::{EndCount, SessionWish};

/// The sign of life of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct Beat {
    /// The session.
    pub(crate) session: SessionId,
    /// Whether it has nothing to do.
    pub(crate) is_idle: bool,
    /// What ended since it joined.
    pub(crate) ended: Vec<EndCount>,
}

/// What a beat brings.
///
/// The worker compares `owned` with what it held *when the beat was sent*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct BeatAnswer {
    /// The counter after this beat.
    pub(crate) beat: u64,
    /// The epoch of the board.
    pub(crate) epoch: u64,
    /// The jobs of this session.
    pub(crate) owned: Vec<JobPosition>,
    /// What the jobs of this session are asked for.
    pub(crate) requests: Vec<HeldRequest>,
    /// The jobs of this session whose output is looked at now.
    pub(crate) watched: Vec<JobId>,
    /// What the session is asked for.
    pub(crate) wish: SessionWish,
}

/// What a look for work finds, which writes nothing and is no beat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct LookAnswer {
    /// When the next job of the lanes is due, in milliseconds since 1970; a time that has passed:
    /// there is something to claim. `None`: none waits.
    pub(crate) next_due: Option<i64>,
    /// What the jobs of the session are asked for.
    pub(crate) requests: Vec<HeldRequest>,
    /// The jobs of the session whose output is looked at now.
    pub(crate) watched: Vec<JobId>,
    /// What the session is asked for.
    pub(crate) wish: SessionWish,
}

/// A job at a point of its journal: what each write is guarded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct JobPosition {
    /// The job.
    pub(crate) id: JobId,
    /// The fence of the claim.
    pub(crate) fence: u64,
    /// The number of the last journal entry.
    pub(crate) seq: u64,
}
