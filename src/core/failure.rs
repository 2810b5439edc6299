//! How a run ended, as a value: what the chain records, the log prints and the alert policy acts
//! on.

use std::time::Duration;

use crate::text::telling::telling_line;

/// The end of one run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The run did what it was for.
    Success,
    /// The run asked to be tried again later: neither success nor failure.
    RetryLater {
        /// Why, in the words of the task.
        reason: String,
    },
    /// The run failed.
    Failure(Box<Failure>),
    /// The run failed and asked the runner to stop.
    Fatal(Box<Failure>),
    /// The runner ended it because the runner itself was asked to stop: neither success nor
    /// failure.
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

/// What is known of a failed run. All texts are raw: what shows or stores them redacts first.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The way in which it failed.
    pub class: FailureClass,
    /// What went wrong, without the class: the error's own words, the panic's payload, or the
    /// telling line of the output.
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
    /// What is to be known besides, a sentence each (processes left behind, the remedy of a failed
    /// start).
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

    /// Returns TEXT on one line: the class in words where it means something, then the message and
    /// its causes, the outermost first. What a message contains already is not repeated.
    pub fn text(&self) -> String {
        let mut text = self.class.in_words().unwrap_or_default();
        for part in [&self.message].into_iter().chain(&self.causes) {
            let line = part.lines().map(str::trim).find(|line| !line.is_empty());
            let Some(line) = line.filter(|line| !text.contains(line)) else {
                continue;
            };
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(line);
        }
        if text.is_empty() {
            text.push_str("an error without a message");
        }
        text
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
    /// The run took longer than its `timeout` and was ended.
    Timeout(Duration),
    /// The run printed nothing for `silence_timeout` and was ended.
    Silence(Duration),
    /// The run could not start at all.
    NotStarted,
    /// An isolated function ended its process by itself (`exit()`, abort, stack overflow): the way
    /// in words.
    Vanished(String),
    /// The run left processes behind that could not be ended.
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
                format!("timed out after {}", super::time::in_words(*limit))
            }
            FailureClass::Silence(limit) => {
                format!("printed nothing for {}", super::time::in_words(*limit))
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

/// What a run printed on both streams, in order: the head, then the tail, with what was between
/// them counted.
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
    /// Returns the line that explains best what went wrong, as a terminal shows the line; `None`
    /// where nothing was printed.
    pub fn telling_line(&self) -> Option<String> {
        if self.tail.trim().is_empty() {
            return telling_line(&self.head);
        }
        if self.cut > 0 {
            return telling_line(&self.tail).or_else(|| telling_line(&self.head));
        }
        telling_line(&format!("{}{}", self.head, self.tail))
    }
}
