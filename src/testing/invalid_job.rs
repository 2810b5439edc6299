//! The error of a job that cannot be played.

use std::error::Error;
use std::fmt;

/// A job that cannot be played: why, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJob {
    why: String,
}

impl InvalidJob {
    pub(super) fn new(why: impl Into<String>) -> Self {
        InvalidJob { why: why.into() }
    }
}

impl fmt::Display for InvalidJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for InvalidJob {}
