//! The words and numbers by which values are stored; they never change.

use crate::board::job_request::PendingRequest;
use crate::board::session_request::SessionWish;
use crate::flow::journal::{EntryOutcome, Phase};

/// Returns the stored word of a phase.
pub(super) fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::When => "when",
        Phase::Execute => "execute",
        Phase::Check => "check",
        Phase::Revert => "revert",
        Phase::Round => "round",
        Phase::Request => "request",
        Phase::Decision => "decision",
    }
}

/// Returns the stored word of an outcome.
pub(super) fn outcome_word(outcome: EntryOutcome) -> &'static str {
    match outcome {
        EntryOutcome::Succeeded => "succeeded",
        EntryOutcome::Failed => "failed",
        EntryOutcome::RetryLater => "retry_later",
        EntryOutcome::Interrupted => "interrupted",
        EntryOutcome::Killed => "killed",
        EntryOutcome::Skipped => "skipped",
        EntryOutcome::Stop => "stop",
        EntryOutcome::Kill => "kill",
        EntryOutcome::StopNoRevert => "stop_no_revert",
        EntryOutcome::Cancel => "cancel",
        EntryOutcome::Pause => "pause",
        EntryOutcome::Resume => "resume",
        EntryOutcome::Retry => "retry",
        EntryOutcome::Revert => "revert",
    }
}

/// Returns the stored word of a request that waits for the holder.
pub(super) fn pending_word(request: PendingRequest) -> &'static str {
    match request {
        PendingRequest::Pause => "pause",
        PendingRequest::Stop => "stop",
        PendingRequest::StopNoRevert => "stop_no_revert",
        PendingRequest::Kill => "kill",
    }
}

/// Returns the stored word of what a worker is asked for.
pub(super) fn wish_word(wish: SessionWish) -> &'static str {
    match wish {
        SessionWish::Work => "work",
        SessionWish::Drain => "drain",
        SessionWish::Sleep => "sleep",
        SessionWish::Quit => "quit",
        SessionWish::QuitNow => "quit_now",
    }
}

/// Returns the value of a stored word.
pub(super) fn of_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// Returns the text of a value that cannot fail to have one.
pub(super) fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("lists of texts and numbers are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_words_are_those_of_serde() {
        let phases = ["when", "execute", "check", "revert", "round", "request"];
        for word in phases {
            assert_eq!(phase_word(of_word(word).unwrap()), word);
        }
        let outcomes = "succeeded failed retry_later interrupted killed skipped stop kill \
                        stop_no_revert pause resume retry revert";
        for word in outcomes.split(' ') {
            assert_eq!(outcome_word(of_word(word).unwrap()), word);
        }
        for word in ["pause", "stop", "stop_no_revert", "kill"] {
            assert_eq!(pending_word(of_word(word).unwrap()), word);
        }
        for word in ["work", "drain", "sleep", "quit", "quit_now"] {
            assert_eq!(wish_word(of_word(word).unwrap()), word);
        }
    }
}
