//! Jobs that failed alike.

use serde::{Deserialize, Serialize};

use super::super::failure_kind::FailureKind;
use crate::core::time::{Moment, of_unix_millis, unix_millis};

/// Jobs of a definition that failed alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailedJobs {
    /// The fingerprint.
    pub(crate) kind: FailureKind,
    /// The failure of the last, redacted, on one line.
    pub(crate) text: String,
    /// How many.
    pub(crate) count: u64,
    /// When the first failed, in milliseconds since 1970.
    pub(crate) first: i64,
    /// When the last failed.
    pub(crate) last: i64,
    /// The number of one of them.
    pub(crate) job: u64,
    /// Whether what was begun is undone.
    pub(crate) is_undone: bool,
}

impl FailedJobs {
    /// Takes others in that failed alike.
    pub(super) fn join(&mut self, others: FailedJobs) {
        self.count = self.count.saturating_add(others.count);
        self.first = self.first.min(others.first);
        self.last = self.last.max(others.last);
        (self.text, self.job) = (others.text, others.job);
        self.is_undone = others.is_undone;
    }

    /// Returns when the first failed on the clocks of this machine.
    pub(super) fn began(&self, now: Moment) -> Moment {
        let since = of_unix_millis(unix_millis(now.wall).max(self.first));
        let ago = since.duration_since(of_unix_millis(self.first));
        now.at(now.mono - ago.unwrap_or_default())
    }
}
