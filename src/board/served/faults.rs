//! Why calls did not succeed, as a server answers it.

use crate::board::board_error::BoardError;
use crate::board::call_reply::CallFault;

/// Creates what a server answers by itself, before the board is asked.
pub(crate) fn fault(code: &str, message: impl Into<String>, remedy: Option<&str>) -> CallFault {
    CallFault {
        code: code.to_owned(),
        message: message.into(),
        remedy: remedy.map(str::to_owned),
        ..CallFault::default()
    }
}

/// Creates the fault for an error of the board.
pub(crate) fn fault_of(error: &BoardError) -> CallFault {
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
