//! The kind of a failure.

use serde::{Deserialize, Serialize};

/// The fingerprint of a failure: two failures of one kind are "the same exception". Twelve
/// hexadecimal digits, or the task's own word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FailureKind(pub String);

impl FailureKind {
    /// Returns the kind of the same failure when it ends the runner: that is news, whatever was
    /// mailed before.
    pub(crate) fn ending_the_runner(mut self) -> Self {
        self.0.push('!');
        self
    }
}
