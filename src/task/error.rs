//! How a function says that it failed, and what that means for the runner.

use std::error::Error;
use std::fmt;

type Source = Box<dyn Error + Send + Sync>;

/// The failure of a run, with what the runner is to make of it.
///
/// Any error type does for a task. This one is for the cases that need more: stop the runner ([`fatal`](TaskError::fatal)), try
/// again without counting ([`retry_later`](TaskError::retry_later)), or say which failures are the same ([`kind`](TaskError::kind)).
///
/// ```
/// use run_functions::TaskError;
///
/// fn refresh_token() -> Result<(), TaskError> {
///     Err(TaskError::new("the token endpoint answered 503").kind("token endpoint down"))
/// }
/// assert_eq!(refresh_token().unwrap_err().to_string(), "the token endpoint answered 503");
/// ```
#[derive(Debug)]
pub struct TaskError {
    source: Source,
    effect: Effect,
    kind: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Fail,
    Stop,
    RetryLater,
}

impl TaskError {
    /// Makes an ordinary failure of any error or text.
    pub fn new(error: impl Into<Source>) -> Self {
        TaskError {
            source: error.into(),
            effect: Effect::Fail,
            kind: None,
        }
    }

    /// Makes a failure after which the runner stops: the admin is mailed and the runner exits with 70.
    pub fn fatal(error: impl Into<Source>) -> Self {
        TaskError {
            effect: Effect::Stop,
            ..TaskError::new(error)
        }
    }

    /// Makes an end that counts neither as success nor as failure: nothing is mailed, an outage neither begins nor ends, and
    /// the task's `success_cooldown` passes before the chain goes on.
    pub fn retry_later(reason: impl Into<Source>) -> Self {
        TaskError {
            effect: Effect::RetryLater,
            ..TaskError::new(reason)
        }
    }

    /// Sets the fingerprint by hand: failures of one kind are "the same exception" whatever their message says.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    pub(crate) fn effect(&self) -> Effect {
        self.effect
    }

    pub(crate) fn into_parts(self) -> (Source, Effect, Option<String>) {
        (self.source, self.effect, self.kind)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for TaskError {
    /// Returns the cause below the error that this one stands for, whose own words are its `Display`.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
