//! What is mailed of a job that ended without success.

use crate::alert::fingerprint;
use crate::board::EndFailure;
use crate::core::failure::Failure;

/// Returns what is mailed of a job whose step failed so; an empty step stands for the job.
pub(super) fn of_step(step: &str, failure: &Failure, build: &str) -> EndFailure {
    let mut kind = fingerprint::of(failure).0;
    let mut failure = failure.clone();
    if !step.is_empty() {
        kind = format!("{step} {kind}");
        failure.message = format!("{step}: {}", failure.message);
    }
    EndFailure {
        kind,
        text: failure.text(),
        build: build.to_owned(),
    }
}
