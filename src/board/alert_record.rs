//! What the alerter reads of jobs that ended, and what it writes.

use serde::{Deserialize, Serialize};

use super::job_id::{JobId, SessionId};
use super::job_state::JobState;
use super::mail_record::NewMail;
use super::session_request::EndCount;

/// What an end that is no success is about, as the worker of the job knows it. Without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct EndFailure {
    /// The fingerprint of the failure.
    pub(crate) kind: String,
    /// The failure on one line.
    pub(crate) text: String,
    /// What distinguishes this program and definition from others of the name: the first
    /// failure of a new build is news.
    pub(crate) build: String,
}

/// Jobs of a definition that ended alike in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct EndFact {
    /// Its number; later facts have greater ones.
    pub(crate) id: u64,
    /// The definition.
    pub(crate) definition: String,
    /// How they ended: failed, reverted or stuck.
    pub(crate) state: JobState,
    /// What the end of the last is about.
    pub(crate) failure: EndFailure,
    /// How many jobs.
    pub(crate) jobs: u64,
    /// When the first ended, in milliseconds since 1970.
    pub(crate) first: i64,
    /// When the last ended.
    pub(crate) last: i64,
    /// The last of these jobs.
    pub(crate) job: JobId,
}

/// What the alerter has not taken yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct AlertLook {
    /// The facts, the oldest first.
    pub(crate) facts: Vec<EndFact>,
    /// What each session has seen end since it joined: live ones, and those that left in the last
    /// quarter of an hour.
    pub(crate) counts: Vec<SessionCounts>,
}

/// What a session has seen end since it joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct SessionCounts {
    /// The session.
    pub(crate) session: SessionId,
    /// The counts that its last beat brought.
    pub(crate) ended: Vec<EndCount>,
}

/// Whether a session holds the lock `alerts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertsHold {
    /// The session holds the lock under this fence.
    Held(u64),
    /// Another live session holds the lock.
    Other(SessionId),
}

/// What the alerter has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct AlertRecord {
    /// The holder.
    pub(crate) session: SessionId,
    /// Its fence.
    pub(crate) fence: u64,
    /// The facts that were taken.
    pub(crate) taken: Vec<u64>,
    /// The memory from now on.
    pub(crate) memory: String,
    /// The mails.
    pub(crate) mails: Vec<NewMail>,
}

/// The name under which the memory of the alerter is stored.
pub(crate) const ALERTER: &str = "alerter";
/// The name under which mutes are stored.
pub(crate) const MUTES: &str = "mutes";
