//! What is wrong with the arguments of a job, all of it at once.

use std::error::Error;
use std::fmt;

/// What is wrong with one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArgumentError {
    /// The argument as it was written: `--width`, or `width` in JSON; empty: all of them.
    pub(crate) argument: String,
    /// A lowercase fragment. The values of secret arguments are not in it.
    pub(crate) message: String,
    /// The remedy, if there is one.
    pub(crate) help: Option<String>,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.argument.is_empty() {
            write!(f, "{}: ", self.argument)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with the arguments of a job; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArgumentErrors {
    /// In the order of the arguments.
    pub(crate) errors: Vec<ArgumentError>,
}

impl ArgumentErrors {
    /// Creates the list of one error.
    pub(crate) fn of(error: ArgumentError) -> Self {
        ArgumentErrors {
            errors: vec![error],
        }
    }
}

impl fmt::Display for ArgumentErrors {
    /// Prints a line for each error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Error for ArgumentErrors {}
