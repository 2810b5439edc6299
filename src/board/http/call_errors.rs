//! The errors of a board, as its client reads them from the answers of a server.

use crate::board::board_error::BoardError;
use crate::board::call_reply::CallFault;
use crate::board::job_id::{BatchId, JobId, SessionId};
use crate::board::job_state::JobState;

const UNKNOWN_REFUSAL: &str = "see the log of `run_functions serve` there";

/// Returns the error of the board, for a client of the server at a place.
pub(crate) fn into_error(fault: CallFault, place: &str) -> BoardError {
    let place = place.to_owned();
    let id = fault.id.unwrap_or(0);
    match fault.code.as_str() {
        "session_over" => BoardError::SessionOver(SessionId(id)),
        "no_such_job" => BoardError::NoSuchJob(JobId(id)),
        "no_such_batch" => BoardError::NoSuchBatch(BatchId(id)),
        "no_worker" => BoardError::NoWorker(fault.definition.unwrap_or_default()),
        "malformed" => BoardError::Malformed(fault.message),
        "no_answer" | "timeout" => BoardError::NoAnswer { place },
        "unavailable" => BoardError::Unavailable {
            place,
            why: fault.message,
        },
        "key_taken" if fault.state.is_some() => BoardError::KeyTaken {
            id: JobId(id),
            state: fault.state.unwrap_or(JobState::Waiting),
        },
        "unauthorized" | "forbidden" => BoardError::NotAllowed {
            place,
            why: fault.message,
            remedy: fault.remedy.unwrap_or_default(),
        },
        _ => BoardError::Refused {
            place,
            why: fault.message,
            remedy: fault.remedy.unwrap_or_else(|| UNKNOWN_REFUSAL.to_owned()),
        },
    }
}
