//! The answer to a call, as it crosses a network.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job_state::JobState;

/// The answer to a call: of a server of this program alone, which names its board in each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallReply {
    /// The identity of the board.
    pub(crate) board: String,
    /// The time of the server, in milliseconds since 1970; 0 in a refusal before the board was
    /// asked.
    #[serde(default)]
    pub(crate) now: i64,
    /// What the call returns.
    #[serde(default)]
    pub(crate) answer: Value,
    /// Why the call did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<CallFault>,
}

/// Why a call did not succeed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct CallFault {
    /// A word for programs.
    pub(crate) code: String,
    /// The reason, as a sentence.
    pub(crate) message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
    /// The number that the code is about: of a job, a batch, a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u64>,
    /// Where the job stands that has the key already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<JobState>,
    /// The definition that no worker can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) definition: Option<String>,
}
