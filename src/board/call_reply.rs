//! The answer to a call, as it crosses a network.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::board_error::BoardError;
use super::job_id::{BatchId, JobId, SessionId};
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

impl CallFault {
    /// Creates what a server answers by itself, before the board is asked.
    #[cfg(feature = "server")]
    pub(crate) fn new(code: &str, message: impl Into<String>, remedy: Option<&str>) -> Self {
        CallFault {
            code: code.to_owned(),
            message: message.into(),
            remedy: remedy.map(str::to_owned),
            ..CallFault::default()
        }
    }

    /// Creates the fault for an error of the board.
    #[cfg(any(test, feature = "server"))]
    pub(crate) fn of(error: &BoardError) -> Self {
        let mut fault = CallFault {
            code: code_of(error).to_owned(),
            message: error.to_string(),
            remedy: error.remedy().map(str::to_owned),
            ..CallFault::default()
        };
        match error {
            BoardError::SessionOver(id) => fault.id = Some(id.0),
            BoardError::NoSuchJob(id) => fault.id = Some(id.0),
            BoardError::NoSuchBatch(id) => fault.id = Some(id.0),
            BoardError::KeyTaken { id, state } => {
                fault.id = Some(id.0);
                fault.state = Some(*state);
            }
            BoardError::NoWorker(definition) => fault.definition = Some(definition.clone()),
            BoardError::Malformed(why) => fault.message.clone_from(why),
            _ => {}
        }
        fault
    }

    /// Returns the error of the board, for a client of the server at a place.
    #[cfg(any(test, feature = "board-http"))]
    pub(crate) fn into_error(self, place: &str) -> BoardError {
        let place = place.to_owned();
        let id = self.id.unwrap_or(0);
        match self.code.as_str() {
            "session_over" => BoardError::SessionOver(SessionId(id)),
            "no_such_job" => BoardError::NoSuchJob(JobId(id)),
            "no_such_batch" => BoardError::NoSuchBatch(BatchId(id)),
            "no_worker" => BoardError::NoWorker(self.definition.unwrap_or_default()),
            "malformed" => BoardError::Malformed(self.message),
            "no_answer" | "timeout" => BoardError::NoAnswer { place },
            "unavailable" => BoardError::Unavailable {
                place,
                why: self.message,
            },
            "key_taken" if self.state.is_some() => BoardError::KeyTaken {
                id: JobId(id),
                state: self.state.unwrap_or(JobState::Waiting),
            },
            "unauthorized" | "forbidden" => BoardError::NotAllowed {
                place,
                why: self.message,
                remedy: self.remedy.unwrap_or_default(),
            },
            _ => BoardError::Refused {
                place,
                why: self.message,
                remedy: self.remedy.unwrap_or_else(|| UNKNOWN_REFUSAL.to_owned()),
            },
        }
    }
}

#[cfg(any(test, feature = "board-http"))]
const UNKNOWN_REFUSAL: &str = "see the log of `run_functions serve` there";

#[cfg(any(test, feature = "server"))]
fn code_of(error: &BoardError) -> &'static str {
    match error {
        BoardError::NoAnswer { .. } => "no_answer",
        BoardError::Unavailable { .. } => "unavailable",
        BoardError::Refused { .. } => "refused",
        BoardError::NoBoard { .. } => "no_board",
        BoardError::NotAllowed { .. } => "forbidden",
        BoardError::SessionOver(_) => "session_over",
        BoardError::KeyTaken { .. } => "key_taken",
        BoardError::Malformed(_) => "malformed",
        BoardError::NoSuchJob(_) => "no_such_job",
        BoardError::NoSuchBatch(_) => "no_such_batch",
        BoardError::NoWorker(_) => "no_worker",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_rules_of_the_board_refuse_reads_the_same_on_the_other_side() {
        let errors = [
            BoardError::SessionOver(SessionId(7)),
            BoardError::NoSuchJob(JobId(8)),
            BoardError::NoSuchBatch(BatchId(9)),
            BoardError::NoWorker("resize".to_owned()),
            BoardError::Malformed("a gap".to_owned()),
            BoardError::KeyTaken {
                id: JobId(1),
                state: JobState::Running,
            },
        ];
        for error in errors {
            let sent = serde_json::to_string(&CallFault::of(&error)).unwrap();
            let read: CallFault = serde_json::from_str(&sent).unwrap();
            assert_eq!(read.into_error("there"), error);
        }
    }
}
