//! An action of a user, as it is recorded.

use serde::{Deserialize, Serialize};

/// An action of a user, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditEntry {
    /// The number of the entry, from 1; 0 for one that is not recorded yet.
    pub(crate) id: u64,
    /// When, in milliseconds since 1970; 0 for one that is not recorded yet.
    pub(crate) at: i64,
    /// The name of the token.
    pub(crate) by: String,
    /// The action: a verb, and what its result was.
    pub(crate) action: String,
    /// What it was done to: `job 17`, `schedule nightly`, `worker edge-1`.
    pub(crate) object: String,
    /// The project that the object belongs to.
    pub(crate) project: Option<String>,
    /// What came of it, as a sentence.
    pub(crate) outcome: String,
    /// The reason that the user has written.
    pub(crate) reason: Option<String>,
}

/// Where actions are recorded, and read.
pub(crate) trait AuditTrail: Send + Sync {
    /// Records an action.
    ///
    /// # Errors
    ///
    /// When it cannot be recorded; then the action must not be done.
    fn record(&self, entry: AuditEntry) -> std::io::Result<()>;

    /// Returns entries before a number, the newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn entries(&self, before: Option<u64>, at_most: u32) -> std::io::Result<Vec<AuditEntry>>;
}
