//! How a function reports that it failed, and what that means for the runner.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;

type Source = Box<dyn Error + Send + Sync>;

/// The failure of a run, with what the runner is to make of it.
///
/// Any error type does for a task. This one is for the cases that need more: stop the runner
/// ([`fatal`](TaskError::fatal)), try again without counting
/// ([`retry_later`](TaskError::retry_later)), or say which failures are the same
/// ([`kind`](TaskError::kind)).
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
/// Its effect holds wherever it is in the chain of causes: as the source of an error of yours, as
/// the context that `anyhow::Context` adds, or converted by `?` into `anyhow::Error` and the like.
/// The outermost one with an effect wins.
#[derive(Debug)]
pub struct TaskError(Mark);

/// What a [`TaskError`] has beside its message. It is an error of its own, as the first source of
/// a `TaskError`: a wrapper that takes the `TaskError` itself out of reach, as `anyhow::Error` does
/// once it is boxed, still shows its source.
#[derive(Debug)]
pub(super) struct Mark {
    source: Source,
    effect: ErrorEffect,
    kind: Option<String>,
}

/// What is to become of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ErrorEffect {
    #[default]
    Fail,
    Stop,
    RetryLater,
}

impl TaskError {
    /// Makes an ordinary failure of any error or text.
    pub fn new(error: impl Into<Source>) -> Self {
        TaskError::with_effect(error, ErrorEffect::Fail)
    }

    /// Makes a failure after which the runner stops: the admin is mailed and the runner exits with
    /// 70.
    pub fn fatal(error: impl Into<Source>) -> Self {
        TaskError::with_effect(error, ErrorEffect::Stop)
    }

    /// Makes an end that counts neither as success nor as failure: nothing is mailed, an outage
    /// neither begins nor ends, and the task's `success_cooldown` passes before the chain goes on.
    pub fn retry_later(reason: impl Into<Source>) -> Self {
        TaskError::with_effect(reason, ErrorEffect::RetryLater)
    }

    /// Sets the fingerprint by hand: failures of one kind are "the same exception" whatever their
    /// message has.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.0.kind = Some(kind.into());
        self
    }

    fn with_effect(error: impl Into<Source>, effect: ErrorEffect) -> Self {
        TaskError(Mark {
            source: error.into(),
            effect,
            kind: None,
        })
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LISTENER.with_borrow_mut(|listener| {
            if let Some(marks) = listener {
                marks.note_mark(&self.0);
            }
        });
        self.0.source.fmt(f)
    }
}

thread_local! {
    /// The marks of the `TaskError`s that are displayed on this thread while a listener is there.
    static LISTENER: RefCell<Option<Marks>> = const { RefCell::new(None) };
}

/// Returns the words of `error`, and notes the marks of each `TaskError` that the words are made
/// of: as the context of another error (`anyhow::Context`) a `TaskError` is displayed, and is out
/// of reach otherwise.
pub(super) fn words(error: &(dyn Error + 'static), marks: &mut Marks) -> String {
    LISTENER.set(Some(std::mem::take(marks)));
    let words = error.to_string();
    *marks = LISTENER.take().unwrap_or_default();
    words
}

impl Error for TaskError {
    /// Returns what stands beside the message, if anything is (`stops the runner`), and below it
    /// the cause of the error that this one stands for, whose own words are its `Display`.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if self.0.says_something() {
            Some(&self.0)
        } else {
            self.0.source()
        }
    }
}

impl Mark {
    /// Returns whether there is more than the message: also when the boxed error is itself a
    /// `TaskError`, which is not in the chain.
    fn says_something(&self) -> bool {
        self.effect != ErrorEffect::Fail || self.kind.is_some()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.effect, &self.kind) {
            (ErrorEffect::Stop, _) => f.write_str("stops the runner"),
            (ErrorEffect::RetryLater, _) => f.write_str("is to be tried again later"),
            (ErrorEffect::Fail, Some(kind)) => write!(f, "is of the kind `{kind}`"),
            (ErrorEffect::Fail, None) => f.write_str("is an ordinary failure"),
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
    pub(super) effect: ErrorEffect,
    pub(super) kind: Option<String>,
}

impl Marks {
    /// Takes note of one error of the chain.
    pub(super) fn note(&mut self, error: &(dyn Error + 'static)) {
        if let Some(mark) = error.downcast_ref::<Mark>() {
            self.note_mark(mark);
        }
    }

    fn note_mark(&mut self, mark: &Mark) {
        if self.effect == ErrorEffect::Fail {
            self.effect = mark.effect;
        }
        if self.kind.is_none() {
            self.kind.clone_from(&mark.kind);
        }
    }
}
