//! How a run ended, as a value: what the chain records, the log prints and the alert policy judges.

use std::time::Duration;

/// The end of one run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It did what it was for.
    Success,
    /// It asked to be tried again later: neither success nor failure.
    RetryLater {
        /// Why, in the words of the task.
        reason: String,
    },
    /// It failed.
    Failure(Box<Failure>),
    /// It failed and asked the runner to stop.
    Fatal(Box<Failure>),
    /// The runner ended it because the runner itself was told to stop: neither success nor failure.
    Interrupted {
        /// What was done to it, such as `TERM after 1m`.
        how: String,
    },
}

impl Outcome {
    /// Returns the failure, if it is one.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Outcome::Failure(failure) | Outcome::Fatal(failure) => Some(failure),
            _ => None,
        }
    }
}

/// What is known of a failed run. All texts are raw: whoever shows or stores them redacts first.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The way in which it failed.
    pub class: FailureClass,
    /// What went wrong, without the class: the error's own words, the panic's payload, or the last non-empty line of output.
    pub message: String,
    /// The messages of the causes (`source()`), outermost first.
    pub causes: Vec<String>,
    /// Where, as `file:line:column`, for panics.
    pub place: Option<String>,
    /// The backtrace, when one was captured.
    pub backtrace: Option<String>,
    /// The fingerprint set by hand with `TaskError::kind`.
    pub kind: Option<String>,
    /// What the run printed, if it was captured.
    pub output: Option<Output>,
    /// What is to be known besides, a sentence each (processes left behind, the remedy of a failed start).
    pub notes: Vec<String>,
}

impl Failure {
    /// Makes a failure that has a class and a message only.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Failure {
            class,
            message: message.into(),
            causes: Vec::new(),
            place: None,
            backtrace: None,
            kind: None,
            output: None,
            notes: Vec::new(),
        }
    }

    /// Returns TEXT: the class in words where it says something, then the message, on one line.
    pub fn text(&self) -> String {
        let message = self
            .message
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty());
        match (self.class.in_words(), message) {
            (Some(class), Some(message)) => format!("{class}: {message}"),
            (Some(class), None) => class,
            (None, Some(message)) => message.to_owned(),
            (None, None) => "an error without a message".to_owned(),
        }
    }
}

/// The ways in which a run fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// A function returned an error; the name of its type.
    Error {
        /// As `std::any::type_name` gives it.
        type_name: String,
    },
    /// A function panicked.
    Panic,
    /// A process ended with a code that is not in `ok_exit_codes`.
    Exit(i32),
    /// A process died of a signal.
    Signal {
        /// Its number.
        number: i32,
        /// Whether a core was dumped.
        core: bool,
    },
    /// It ran longer than its `timeout` and was ended.
    Timeout(Duration),
    /// It printed nothing for `silence_timeout` and was ended.
    Silence(Duration),
    /// It could not start at all.
    NotStarted,
    /// An isolated function ended its process by itself (`exit()`, abort, stack overflow): the way in words.
    Vanished(String),
    /// It left processes behind that could not be ended.
    Leak,
}

impl FailureClass {
    /// Returns the class as people read it; `None` where the message speaks for itself.
    pub fn in_words(&self) -> Option<String> {
        let words = match self {
            FailureClass::Error { .. } | FailureClass::Panic => return None,
            FailureClass::Exit(code) => format!("exit {code}"),
            FailureClass::Signal { number, core } => {
                let name = signal_name(*number);
                let core = if *core { ", core dumped" } else { "" };
                format!("killed by signal {number} ({name}{core})")
            }
            FailureClass::Timeout(limit) => {
                format!("timed out after {}", crate::time::in_words(*limit))
            }
            FailureClass::Silence(limit) => {
                format!("printed nothing for {}", crate::time::in_words(*limit))
            }
            FailureClass::NotStarted => "could not start".to_owned(),
            FailureClass::Vanished(how) => how.clone(),
            FailureClass::Leak => "left processes behind".to_owned(),
        };
        Some(words)
    }
}

/// Returns the name of a signal on Linux, such as `SIGKILL`; `SIG40` for those without one.
pub(crate) fn signal_name(number: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    match index.and_then(|index| NAMES.get(index)) {
        Some(name) => format!("SIG{name}"),
        None => format!("SIG{number}"),
    }
}

/// What a run printed on both streams, in order: the head, then the tail, with what was between them counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The first bytes, cut at a character boundary.
    pub head: String,
    /// How many bytes were left out between head and tail.
    pub cut: u64,
    /// The last bytes; empty when nothing was cut.
    pub tail: String,
}

impl Output {
    /// Returns the last line that is not blank. Of what was written over itself, as progress is (`\r`), that is what stands there at the end.
    pub fn last_line(&self) -> Option<&str> {
        [&self.tail, &self.head].into_iter().find_map(|text| {
            text.lines()
                .rev()
                .flat_map(|line| line.rsplit('\r'))
                .map(str::trim)
                .find(|line| !line.is_empty())
        })
    }
}
