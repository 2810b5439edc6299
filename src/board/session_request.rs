//! The membership of a worker on the board.

use serde::{Deserialize, Serialize};

use super::host_identity::HostIdentity;
use super::job_id::SessionId;

/// What a worker joins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct SessionRequest {
    /// The wanted name.
    pub(crate) name: String,
    /// What follows when a live session has that name.
    pub(crate) if_taken: NameRule,
    /// Where the worker runs.
    pub(crate) identity: HostIdentity,
    /// The version of the program.
    pub(crate) version: String,
    /// What this worker is able to: tags that definitions need.
    pub(crate) tags: Vec<String>,
    /// How many steps at once.
    pub(crate) slots: u32,
}

/// What follows when a live session has the wanted name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum NameRule {
    /// A session that shares the host is asked to drain, and the name is used twice until that one
    /// has left; for a session elsewhere the next free number is added.
    TakeOver,
    /// The next free number is added: `build`, `build-2`, `build-3`.
    NextNumber,
}

/// The answer to a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct SessionTicket {
    /// The session.
    pub(crate) session: SessionId,
    /// The name that the session has.
    pub(crate) name: String,
    /// The session that was asked to drain.
    pub(crate) takes_over: Option<SessionId>,
}

/// What a worker is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionWish {
    /// Nothing: claims and works.
    #[default]
    Work,
    /// Claims nothing more, finishes what it holds, leaves.
    Drain,
    /// Claims nothing more until woken.
    Sleep,
    /// Gives back after the steps in progress, leaves.
    Quit,
    /// Ends the steps in progress, gives back, leaves.
    QuitNow,
}

/// A session as the board knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct SessionRecord {
    /// The session.
    pub(crate) session: SessionId,
    /// What it joined with; `name` is the name that it has.
    pub(crate) request: SessionRequest,
    /// The counter that observers time.
    pub(crate) beat: u64,
    /// When it joined, in milliseconds since 1970, for people.
    pub(crate) joined: i64,
    /// When the last beat was taken, in milliseconds since 1970, for people: no rule reads it.
    pub(crate) last_heard: i64,
    /// Whether it has nothing to do.
    pub(crate) is_idle: bool,
    /// What it is asked for.
    pub(crate) wish: SessionWish,
    /// How many jobs it holds.
    pub(crate) holds: u64,
    /// The shortest and the longest lease of the jobs it holds, in milliseconds.
    pub(crate) leases: Option<(u64, u64)>,
    /// How many late transitions of it were refused.
    pub(crate) stale: u64,
    /// The counts that its last beat brought.
    pub(crate) ended: Vec<EndCount>,
    /// When it left or was reaped, in milliseconds since 1970; `None`: it lives.
    pub(crate) left: Option<i64>,
}

/// How many jobs of a definition a session saw end since it joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct EndCount {
    /// The definition.
    pub(crate) definition: String,
    /// How many succeeded.
    pub(crate) succeeded: u64,
    /// How many did not.
    pub(crate) failed: u64,
}
