//! Answers to calls: JSON that names the board.

use serde_json::Value;

use crate::board::served::{CallFault, CallReply};

/// The answer to a call: JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiAnswer {
    /// The status of HTTP.
    pub(crate) status: u16,
    /// The JSON text.
    pub(crate) body: Vec<u8>,
}

/// Returns the answer with what a call returns, as JSON text.
pub(super) fn replied(identity: &str, now: i64, answer: &str) -> ApiAnswer {
    let identity = Value::from(identity);
    ApiAnswer {
        status: 200,
        body: format!(r#"{{"board":{identity},"now":{now},"answer":{answer}}}"#).into_bytes(),
    }
}

/// Returns the answer for a call that did not succeed.
pub(super) fn refused(identity: &str, now: i64, fault: CallFault) -> ApiAnswer {
    let status = status(&fault.code);
    let reply = CallReply {
        board: identity.to_owned(),
        now,
        answer: Value::Null,
        error: Some(fault),
    };
    ApiAnswer {
        status,
        body: serde_json::to_vec(&reply).unwrap_or_default(),
    }
}

/// The codes of calls that did not succeed, each with its status.
pub(super) const STATUSES: [(&str, u16); 16] = [
    ("bad_request", 400),
    ("unauthorized", 401),
    ("forbidden", 403),
    ("no_such_call", 404),
    ("no_such_job", 404),
    ("no_such_batch", 404),
    ("no_such_method", 405),
    ("session_over", 409),
    ("key_taken", 409),
    ("no_worker", 409),
    ("too_large", 413),
    ("unsupported_type", 415),
    ("malformed", 422),
    ("unavailable", 503),
    ("no_answer", 503),
    ("refused", 503),
];

/// Returns the status of HTTP for a code.
fn status(code: &str) -> u16 {
    let found = STATUSES.iter().find(|(known, _)| *known == code);
    found.map_or(503, |(_, status)| *status)
}
