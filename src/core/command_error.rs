//! How a command ends that does not end well: an exit code, and the words for it.

use std::error::Error;
use std::fmt;

use super::exit;
use super::feature::Feature;

/// Why a command ends with another code than 0, in words.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// See `exit`.
    pub(crate) code: u8,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// Whether the message brings its own `error:` (a report of the configuration, of clap).
    whole: bool,
}

impl CommandError {
    /// Creates an error of a sentence.
    pub(crate) fn new(code: u8, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        CommandError {
            code,
            message,
            causes: Vec::new(),
            hint: None,
            whole: false,
        }
    }

    /// Creates an error of another error, with its causes.
    pub(crate) fn of(code: u8, error: &(dyn Error + 'static)) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let causes = causes.map(ToString::to_string).collect();
        CommandError {
            causes,
            ..CommandError::new(code, error)
        }
    }

    /// Creates an error of a report that is complete.
    pub(crate) fn whole(code: u8, report: impl fmt::Display) -> Self {
        CommandError {
            whole: true,
            ..CommandError::new(code, report)
        }
    }

    /// Makes a silent one: what there is to say is on the screen.
    pub(crate) fn said(code: u8) -> Self {
        CommandError::whole(code, "")
    }

    /// Returns it on one line, for a log; `None` when there is nothing to say.
    pub(crate) fn line(&self) -> Option<String> {
        let mut line = self.message.trim_end().to_owned();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        if let Some(hint) = &self.hint {
            line.push_str("; ");
            line.push_str(hint);
        }
        (!line.is_empty()).then_some(line)
    }

    /// Creates the error of a wrong command line.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        CommandError::new(exit::USAGE, message).hint("`--help` shows what can be typed")
    }

    /// Creates the error of something that this program is built without.
    pub(crate) fn without(what: &str, feature: Feature) -> Self {
        let message = format!("{what} {}", feature.is_needed);
        CommandError::new(exit::USAGE, message).hint(feature.remedy)
    }

    /// Adds what to do about the error.
    pub(crate) fn hint(self, hint: impl fmt::Display) -> Self {
        CommandError {
            hint: Some(hint.to_string()),
            ..self
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            return f.write_str(&self.message);
        }
        writeln!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            writeln!(f, "  caused by: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            writeln!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// How a command ends.
pub(crate) type CommandResult = Result<(), CommandError>;
