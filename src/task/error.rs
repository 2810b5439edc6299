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
///
/// What it says holds wherever it is in the chain of causes: as the source of an error of yours, or converted by `?` into
/// `anyhow::Error` and the like. The outermost one that says something wins.
#[derive(Debug)]
pub struct TaskError(Mark);

/// What a [`TaskError`] says beside its message. It is an error of its own, as the first source of a `TaskError`: a wrapper that
/// takes the `TaskError` itself out of reach, as `anyhow::Error` does once it is boxed, still shows its source.
#[derive(Debug)]
pub(super) struct Mark {
    source: Source,
    effect: Effect,
    kind: Option<String>,
}

/// What is to become of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Effect {
    #[default]
    Fail,
    Stop,
    RetryLater,
}

impl TaskError {
    /// Makes an ordinary failure of any error or text.
    pub fn new(error: impl Into<Source>) -> Self {
        TaskError::with_effect(error, Effect::Fail)
    }

    /// Makes a failure after which the runner stops: the admin is mailed and the runner exits with 70.
    pub fn fatal(error: impl Into<Source>) -> Self {
        TaskError::with_effect(error, Effect::Stop)
    }

    /// Makes an end that counts neither as success nor as failure: nothing is mailed, an outage neither begins nor ends, and
    /// the task's `success_cooldown` passes before the chain goes on.
    pub fn retry_later(reason: impl Into<Source>) -> Self {
        TaskError::with_effect(reason, Effect::RetryLater)
    }

    /// Sets the fingerprint by hand: failures of one kind are "the same exception" whatever their message says.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.0.kind = Some(kind.into());
        self
    }

    fn with_effect(error: impl Into<Source>, effect: Effect) -> Self {
        TaskError(Mark {
            source: error.into(),
            effect,
            kind: None,
        })
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.source.fmt(f)
    }
}

impl Error for TaskError {
    /// Returns what is said beside the message, if anything is (`stops the runner`), and below it the cause of the error that
    /// this one stands for, whose own words are its `Display`.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if self.0.says_something() {
            Some(&self.0)
        } else {
            self.0.source()
        }
    }
}

impl Mark {
    /// Tells whether there is more than the message: also when the boxed error is itself a `TaskError`, which is not in the chain.
    fn says_something(&self) -> bool {
        self.effect != Effect::Fail || self.kind.is_some()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.effect, &self.kind) {
            (Effect::Stop, _) => f.write_str("stops the runner"),
            (Effect::RetryLater, _) => f.write_str("is to be tried again later"),
            (Effect::Fail, Some(kind)) => write!(f, "is of the kind `{kind}`"),
            (Effect::Fail, None) => f.write_str("is an ordinary failure"),
        }
    }
}

impl Error for Mark {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// What the marks along a chain of causes say together, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) effect: Effect,
    pub(super) kind: Option<String>,
}

impl Marks {
    /// Takes note of one error of the chain.
    pub(super) fn note(&mut self, error: &(dyn Error + 'static)) {
        let Some(mark) = error.downcast_ref::<Mark>() else {
            return;
        };
        if self.effect == Effect::Fail {
            self.effect = mark.effect;
        }
        if self.kind.is_none() {
            self.kind.clone_from(&mark.kind);
        }
    }
}
