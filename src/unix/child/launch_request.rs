//! What the runner and its launcher say to each other.
//!
//! The launcher's standard input is a socket. In it waits one byte with descriptors attached: the
//! orders (a memfd with JSON, so that their size never blocks the runner) and the in-flight lock.
//! Through the same socket the launcher answers: why it could not start the program, or what the
//! function returned. A program that was started answers nothing: the socket closes on exec.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::core::failure::{Failure, FailureClass, Outcome};

/// The number under which a child finds the in-flight lock.
pub const IN_FLIGHT_FD: i32 = 3;

/// What the launcher is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LaunchRequest {
    pub(super) what: LaunchTarget,
    /// The runner, or its keeper: when it is no longer the parent, the work has no owner.
    pub(super) parent: i32,
    /// `cgroup.procs` of the run's own cgroup.
    pub(super) cgroup: Option<PathBuf>,
    /// Resource numbers with limits.
    pub(super) limits: Vec<(String, u64)>,
    pub(super) nice: Option<i32>,
    /// Class and level.
    pub(super) ionice: Option<(u8, u8)>,
    pub(super) umask: Option<u32>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    /// Variables that the settings give, so that those of the user's account stay away.
    pub(super) given: Vec<String>,
    /// Variables that the settings let through, of whomever they are.
    pub(super) passed: Vec<String>,
    /// Variables that the program is to have and the launcher must not; without a value, those that
    /// it must have and the program not.
    pub(super) late: Vec<(String, Option<String>)>,
    pub(super) working_dir: Option<PathBuf>,
    pub(super) stdin: Option<PathBuf>,
    /// Whether standard input, output and error come along as descriptors.
    pub(super) has_standard: bool,
    /// What a function is to find in its process as in the runner's.
    #[serde(rename = "luggage")]
    pub(super) function_context: Option<String>,
    /// What asks a function that takes a context to end.
    pub(super) stop_signal: i32,
}

/// What is to be run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum LaunchTarget {
    /// A program with its arguments; the first is the program.
    Program(Vec<String>),
    /// A text for a shell that knows `pipefail`.
    Pipefail(String),
    /// A file by its first line.
    Script(PathBuf),
    /// A registered function.
    Function(String),
    /// A function of a step of a job: what is called with which data.
    StepFunction(String),
}

/// What the launcher answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum LaunchReply {
    /// Nothing was started.
    NotStarted(StartFailure),
    /// The function came to its end.
    Returned(FunctionResult),
}

/// Why nothing was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StartFailure {
    /// At which step.
    pub(super) stage: LaunchStage,
    /// What it was about: a file, a user, a limit.
    pub(super) subject: String,
    /// The error number, if the system refused.
    pub(super) errno: Option<i32>,
    /// The reason, where the system gave none.
    pub(super) reason: Option<String>,
}

/// The steps before the work begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum LaunchStage {
    Spawn,
    Orders,
    Session,
    Limit,
    Nice,
    IoNice,
    User,
    Group,
    Parent,
    WorkingDir,
    Stdin,
    Shebang,
    Interpreter,
    Program,
    Function,
}

/// What a function came to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FunctionResult {
    Success,
    RetryLater(String),
    Failure(ReportedFailure),
    Fatal(ReportedFailure),
}

/// A failure as the function's process tells it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReportedFailure {
    /// The type of the error; `None`: a panic.
    error_type: Option<String>,
    message: String,
    causes: Vec<String>,
    place: Option<String>,
    backtrace: Option<String>,
    kind: Option<String>,
    /// The exit code that a command would have had: the answer of a condition.
    code: Option<i32>,
}

impl From<Outcome> for FunctionResult {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => FunctionResult::Success,
            Outcome::RetryLater { reason } => FunctionResult::RetryLater(reason),
            Outcome::Interrupted { how } => FunctionResult::RetryLater(how),
            Outcome::Failure(failure) => FunctionResult::Failure((*failure).into()),
            Outcome::Fatal(failure) => FunctionResult::Fatal((*failure).into()),
        }
    }
}

impl From<Failure> for ReportedFailure {
    fn from(failure: Failure) -> Self {
        let (error_type, code) = match failure.class {
            FailureClass::Error { type_name } => (Some(type_name), None),
            FailureClass::Exit(code) => (None, Some(code)),
            _ => (None, None),
        };
        ReportedFailure {
            error_type,
            message: failure.message,
            causes: failure.causes,
            place: failure.place,
            backtrace: failure.backtrace,
            kind: failure.kind,
            code,
        }
    }
}

impl From<ReportedFailure> for Failure {
    fn from(told: ReportedFailure) -> Self {
        let class = match (told.error_type, told.code) {
            (Some(type_name), _) => FailureClass::Error { type_name },
            (None, Some(code)) => FailureClass::Exit(code),
            (None, None) => FailureClass::Panic,
        };
        Failure {
            causes: told.causes,
            place: told.place,
            backtrace: told.backtrace,
            kind: told.kind,
            ..Failure::new(class, told.message)
        }
    }
}

/// The socket takes this much without a reader (its buffer is twice as large at least), and the
/// runner reads only at the end.
const MOST_BYTES: usize = 64 * 1024;

impl LaunchReply {
    /// Returns it as JSON that the socket takes at once: texts are cut until it fits.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let whole = serde_json::to_vec(self).unwrap_or_default();
        let told = match self {
            LaunchReply::Returned(FunctionResult::Failure(told) | FunctionResult::Fatal(told)) => {
                told
            }
            _ if whole.len() <= MOST_BYTES => return whole,
            LaunchReply::Returned(FunctionResult::RetryLater(reason)) => {
                let reason = beginning(reason, 8 * 1024);
                let cut = LaunchReply::Returned(FunctionResult::RetryLater(reason));
                return serde_json::to_vec(&cut).unwrap_or_default();
            }
            _ => return whole,
        };
        if whole.len() <= MOST_BYTES {
            return whole;
        }
        // A character can take six bytes in JSON, so that these always fit.
        let cut = ReportedFailure {
            error_type: told.error_type.as_ref().map(|name| beginning(name, 256)),
            message: beginning(&told.message, 4096),
            causes: told
                .causes
                .iter()
                .take(4)
                .map(|c| beginning(c, 512))
                .collect(),
            place: told.place.as_ref().map(|place| beginning(place, 512)),
            backtrace: None,
            kind: told.kind.as_ref().map(|kind| beginning(kind, 256)),
            code: told.code,
        };
        let returned = match self {
            LaunchReply::Returned(FunctionResult::Fatal(_)) => FunctionResult::Fatal(cut),
            _ => FunctionResult::Failure(cut),
        };
        serde_json::to_vec(&LaunchReply::Returned(returned)).unwrap_or_default()
    }
}

/// Returns the beginning of a text, at most `most` bytes, cut between characters.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_any_size_fits_the_socket() {
        let mut failure = Failure::new(FailureClass::Panic, "\0".repeat(1_000_000));
        failure.causes = vec!["\u{1}".repeat(100_000); 32];
        failure.backtrace = Some("x".repeat(1_000_000));
        let fatal = LaunchReply::Returned(Outcome::Fatal(Box::new(failure)).into());
        let later = LaunchReply::Returned(FunctionResult::RetryLater("ä\n".repeat(100_000)));
        for answer in [fatal, later] {
            let bytes = answer.to_bytes();
            assert!(bytes.len() <= MOST_BYTES, "{}", bytes.len());
            serde_json::from_slice::<LaunchReply>(&bytes).unwrap();
        }
    }
}
