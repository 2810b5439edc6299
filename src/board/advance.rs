//! The call by which a worker reports what happened and claims what is next: one transaction.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::alert_record::EndFailure;
use super::beat::JobPosition;
use super::job_id::{JobId, SessionId};
use super::job_request::{HeldRequest, PendingRequest};
use super::job_state::JobState;
use super::session_request::SessionWish;
use crate::flow::journal::{Doing, JournalEntry};

/// What a worker reports and wishes. Counts as a beat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct Advance {
    /// The session.
    pub(crate) session: SessionId,
    /// What happened since the last acknowledged batch, folded into one for each job.
    pub(crate) transitions: Vec<Transition>,
    /// What to claim.
    pub(crate) claim: ClaimWish,
}

/// All that happened to a job since the last acknowledged batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct Transition {
    /// The job, its fence, and the number of its last entry before this one.
    pub(crate) before: JobPosition,
    /// What happened: the numbers follow `before.seq` without a gap, and each entry has the fence
    /// of `before`.
    pub(crate) entries: Vec<JournalEntry>,
    /// The attempts in progress now, 16 at most. Without entries this only grows.
    pub(crate) doing: Vec<Doing>,
    /// The state now: any but `Limited`. All but `Running` end the hold on the job.
    pub(crate) state: JobState,
    /// Of `Waiting`: not claimed before, in milliseconds since 1970; 0: at once.
    pub(crate) run_at: i64,
    /// What the job gave in the end.
    pub(crate) result: Option<Value>,
    /// Why the job is stuck, for people.
    pub(crate) reason: Option<String>,
    /// The names of workers that must not claim the job next, 3 at most; `None`: as before.
    pub(crate) avoid: Option<Vec<String>>,
    /// Of an end that is no success: what is mailed of it; `None`: the reason is.
    #[serde(default)]
    pub(crate) failure: Option<EndFailure>,
}

impl Transition {
    /// Creates a transition without entries of a job that goes on.
    pub(crate) fn begin(before: JobPosition, doing: Vec<Doing>) -> Self {
        Transition {
            before,
            entries: Vec::new(),
            doing,
            state: JobState::Running,
            run_at: 0,
            result: None,
            reason: None,
            avoid: None,
            failure: None,
        }
    }

    /// Returns the position after the transition.
    pub(crate) fn after(&self) -> JobPosition {
        let seq = self.entries.last().map_or(self.before.seq, |last| last.seq);
        JobPosition { seq, ..self.before }
    }
}

/// What a worker wants to claim.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ClaimWish {
    /// How many jobs: never more than the free slots of the worker.
    pub(crate) at_most: u32,
    /// The definitions that the worker can do now; within a class of priority an earlier lane is
    /// looked at first, so that a worker rotates them.
    pub(crate) lanes: Vec<LaneWish>,
    /// Where not empty: only these jobs, found by a [`peek`](super::Board::peek) before.
    pub(crate) only: Vec<JobId>,
}

/// A definition that a worker can do now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct LaneWish {
    /// The definition, which the session has entered.
    pub(crate) definition: String,
    /// How long the holder may go on unheard: from now on the lease of each job claimed here.
    pub(crate) lease: Duration,
    /// After how many crashes in a row at the same steps a job is stuck.
    pub(crate) max_crashes: u32,
    /// Whether a job that has begun is continued by workers of the same host alone.
    pub(crate) is_bound_to_host: bool,
    /// How long a job may take in all, from its first claim on.
    pub(crate) time_limit: Option<Duration>,
    /// What a job with an empty journal begins with: in progress from the claim on, which saves a
    /// transaction. Empty: the worker reports what it begins. `since` is set by the board.
    pub(crate) first: Vec<Doing>,
}

/// What an [`Advance`] brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct AdvanceAnswer {
    /// The counter after this call, which counts as a beat.
    pub(crate) beat: u64,
    /// The outcome of each transition, in the order of the request.
    pub(crate) verdicts: Vec<TransitionVerdict>,
    /// The jobs that are now held.
    pub(crate) claimed: Vec<ClaimedJob>,
    /// What the jobs of this session are asked for.
    pub(crate) requests: Vec<HeldRequest>,
    /// What the session is asked for.
    pub(crate) wish: SessionWish,
    /// When the next job of these lanes is due, in milliseconds since 1970; a time that has passed:
    /// there is more to claim. `None`: none waits.
    pub(crate) next_due: Option<i64>,
}

/// The outcome of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum TransitionVerdict {
    /// The transition is recorded.
    Accepted,
    /// The same transition was recorded by an earlier call; nothing was changed.
    Repeated,
    /// The job is another's, or further on: nothing was changed, and it was counted.
    Stale,
}

/// A job as its new holder gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ClaimedJob {
    /// The job, its new fence, and the number of its last entry.
    pub(crate) position: JobPosition,
    /// The name of the definition.
    pub(crate) definition: String,
    /// The arguments.
    pub(crate) args: Value,
    /// What happened so far.
    pub(crate) journal: Vec<JournalEntry>,
    /// What is in progress from the claim on: the `first` of its lane, or nothing.
    pub(crate) doing: Vec<Doing>,
    /// What the job is asked for.
    pub(crate) request: Option<PendingRequest>,
    /// The class of priority.
    pub(crate) priority: i8,
    /// Crashes in a row at the same steps.
    pub(crate) crashes: u32,
    /// The workers that must not do the next try.
    pub(crate) avoid: Vec<String>,
    /// The host of the last holder.
    pub(crate) last_host: Option<String>,
    /// The key.
    pub(crate) key: Option<String>,
    /// The project of the poster.
    pub(crate) project: Option<String>,
    /// The poster.
    pub(crate) posted_by: String,
    /// When it was posted, in milliseconds since 1970.
    pub(crate) posted: i64,
    /// When its time limit is over, in milliseconds since 1970.
    pub(crate) ends_by: Option<i64>,
}

/// A job that a worker gives back without count: its tree is dead, or never was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct GiveBack {
    /// The job as [`beat`](super::Board::beat) named it.
    pub(crate) position: JobPosition,
    /// What became of the attempts in progress.
    pub(crate) fate: LeftoverFate,
}

/// What became of the attempts of a job that is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeftoverFate {
    /// None of them was started.
    NeverStarted,
    /// Some may have been started; all are dead: the journal gets `interrupted` for each.
    Interrupted,
}
