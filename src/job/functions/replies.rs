//! What calls came to.

use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::job::step_call::StepReply;

/// Returns the reply of a function that gave something.
pub(super) fn gave(value: &impl serde::Serialize) -> StepReply {
    match serde_json::to_value(value) {
        // A step that gives nothing has no result.
        Ok(value) => StepReply {
            outcome: Outcome::Success,
            result: Some(value).filter(|value| !value.is_null()),
        },
        Err(error) => failed(format!("the result cannot be written as JSON: {error}")),
    }
}

/// Returns the reply for data that do not fit.
pub(super) fn failed(error: String) -> StepReply {
    let class = FailureClass::Error {
        type_name: "result".to_owned(),
    };
    Outcome::Failure(Box::new(Failure::new(class, error))).into()
}

impl From<Outcome> for StepReply {
    fn from(outcome: Outcome) -> Self {
        StepReply {
            outcome,
            result: None,
        }
    }
}
