//! What is mailed of a job that ended without success.

use crate::alert::fingerprint;
use crate::board::EndFailure;
use crate::core::failure::{Failure, FailureClass};

/// Returns what is mailed of a job whose step failed so; an empty step stands for the job.
pub(super) fn of_step(step: &str, failure: &Failure, build: &str) -> EndFailure {
    let mut kind = fingerprint::of(failure).0;
    let mut failure = failure.clone();
    if !step.is_empty() {
        kind = format!("{step} {kind}");
        failure.message = format!("{step}: {}", failure.message);
    }
    let text = match origin(&failure) {
        Some(origin) => format!("{} ({origin})", failure.text()),
        None => failure.text(),
    };
    EndFailure {
        kind,
        text,
        build: build.to_owned(),
    }
}

/// Returns where a function has panicked, or the type of its error; `None`: a command.
fn origin(failure: &Failure) -> Option<String> {
    match (&failure.place, &failure.class) {
        (Some(place), _) => Some(format!("at {place}")),
        (None, FailureClass::Error { type_name }) if type_name != "step" => Some(type_name.clone()),
        _ => None,
    }
}
