//! A registered function, called once as a runner would call it.

use std::error::Error;
use std::fmt;

use crate::alert::fingerprint;
use crate::core::failure::{Failure, Outcome};
use crate::task::{self, FunctionNames, Registration, TaskName};
use crate::text::suggest::suggestions;

/// Finds a registered function; else lists which there are.
pub(super) fn registered(text: &str) -> Result<&'static Registration, String> {
    let name = TaskName::parse(text).map_err(|error| error.to_string())?;
    let functions = FunctionNames::of(&task::registered());
    if let Some(found) = functions.find(&name) {
        return Ok(found);
    }
    let names = functions.known().keys();
    let meant = suggestions(text, names.clone().map(TaskName::as_str));
    let meant = meant
        .first()
        .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    let known: Vec<&str> = names.map(TaskName::as_str).collect();
    let known = if known.is_empty() {
        "none is".to_owned()
    } else {
        known.join(", ")
    };
    Err(format!(
        "no function is registered as `{name}`{meant} (registered: {known})"
    ))
}

/// Calls the registered function of this name once, on this thread, as a runner does: a panic is a
/// failure like any other.
///
/// # Errors
///
/// When no function is registered so, and when the run did not succeed: its message, and what a
/// runner would make of it.
///
/// ```standalone_crate
/// mod tasks {
///     #[run_functions::task]
///     fn import() -> Result<(), String> {
///         Err("no route to host".to_owned())
///     }
/// }
/// fn main() {
///     let error = run_functions::testing::run_once("tasks::import").unwrap_err();
///     assert_eq!(error.to_string(), "no route to host");
///     assert!(!error.stops_the_runner());
/// }
/// ```
pub fn run_once(name: &str) -> Result<(), RunError> {
    let function = registered(name).map_err(RunError::unknown)?;
    match task::call(function) {
        Outcome::Success => Ok(()),
        Outcome::Failure(failure) => Err(RunError::failed(&failure, CallEffect::Counts)),
        Outcome::Fatal(failure) => Err(RunError::failed(&failure, CallEffect::Stops)),
        Outcome::RetryLater { reason: said } | Outcome::Interrupted { how: said } => {
            Err(RunError {
                said,
                effect: CallEffect::TriesAgain,
                kind: None,
            })
        }
    }
}

/// Why a run did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunError {
    said: String,
    effect: CallEffect,
    kind: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallEffect {
    /// There was no run.
    Unknown,
    Counts,
    Stops,
    TriesAgain,
}

impl RunError {
    fn unknown(said: String) -> Self {
        RunError {
            said,
            effect: CallEffect::Unknown,
            kind: None,
        }
    }

    fn failed(failure: &Failure, effect: CallEffect) -> Self {
        RunError {
            said: failure.text(),
            effect,
            kind: Some(fingerprint::of(failure).0),
        }
    }

    /// Returns whether the run counts as a failure: what is mailed.
    pub fn is_failure(&self) -> bool {
        matches!(self.effect, CallEffect::Counts | CallEffect::Stops)
    }

    /// Returns whether the task asked to be tried again later, which counts neither as success nor
    /// as failure.
    pub fn is_retry_later(&self) -> bool {
        self.effect == CallEffect::TriesAgain
    }

    /// Returns whether the task asked to stop the runner.
    pub fn stops_the_runner(&self) -> bool {
        self.effect == CallEffect::Stops
    }

    /// Returns the fingerprint of the failure: two failures of one kind are "the same exception",
    /// and the second is not mailed. `None` when it is no failure.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }
}

impl fmt::Display for RunError {
    /// Prints what stands after `First exception caught: ` in a mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl Error for RunError {}
