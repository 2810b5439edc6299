//! Where a value comes from.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::task::Registration;

/// Where a value, or a mistake, was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// An option of the command line, such as `--run-root`.
    CommandLine(&'static str),
    /// An environment variable.
    Variable(String),
    /// The configuration file.
    File(FilePlace),
    /// The attribute of a function.
    Attribute {
        /// Its source file, as the compiler saw it.
        file: &'static str,
        /// The line of the function.
        line: u32,
    },
    /// Not written anywhere.
    Default,
    /// Of no place at all.
    Nowhere,
}

/// A place in the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FilePlace {
    /// Its name as people read it.
    pub(crate) file: Arc<str>,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// In bytes, from 0.
    pub(crate) span: Range<usize>,
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Origin {
    /// Returns where a function is.
    pub(crate) fn of_function(registration: &Registration) -> Self {
        Origin::Attribute {
            file: registration.file,
            line: registration.line,
        }
    }

    /// Returns it as a place where something is defined: `file:line` of a function or of the
    /// configuration.
    pub(crate) fn place(&self) -> String {
        match self {
            Origin::Attribute { file, line } => format!("{file}:{line}"),
            other => other.to_string(),
        }
    }

    /// Returns what sorts origins by their place in the file, all others behind.
    pub(crate) fn offset(&self) -> usize {
        match self {
            Origin::File(place) => place.span.start,
            _ => usize::MAX,
        }
    }

    /// Returns whether it is of the environment or the command line: what is there for now
    /// overrules what is written for good.
    pub(crate) fn overrides_the_file(&self) -> bool {
        matches!(self, Origin::CommandLine(_) | Origin::Variable(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::CommandLine(option) => write!(f, "command line, {option}"),
            Origin::Variable(name) => write!(f, "environment variable {name}"),
            Origin::File(place) => write!(f, "{}:{}", place.file, place.line),
            Origin::Attribute { file, line } => write!(f, "attribute at {file}:{line}"),
            Origin::Default => f.write_str("default"),
            Origin::Nowhere => Ok(()),
        }
    }
}
