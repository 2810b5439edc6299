//! Jobs, of which many end at once.

use super::TaskPolicy;
use crate::alert::failure_kind::FailureKind;

impl TaskPolicy {
    /// Counts further failures like the one that was entered last.
    pub(in crate::alert::policy) fn failed_also(&mut self, kind: &FailureKind, more: u64) {
        self.memory.failed_also(kind, more);
    }

    /// Counts further successes, which end no outage.
    pub(in crate::alert::policy) fn succeeded_also(&mut self, more: u64) {
        self.memory.succeeded_also(more);
    }

    /// Makes the next failure news, whatever was mailed.
    pub(in crate::alert::policy) fn forget_kinds(&mut self) {
        self.memory.forget_all_kinds();
    }
}
