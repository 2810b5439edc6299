//! What is counted of jobs, of which many end at once.

use super::TaskMemory;
use crate::alert::failure_kind::FailureKind;

impl TaskMemory {
    /// Counts further failures like the one that was entered last.
    pub(crate) fn failed_also(&mut self, kind: &FailureKind, more: u64) {
        self.tally.runs = self.tally.runs.saturating_add(more);
        self.tally.failures = self.tally.failures.saturating_add(more);
        self.balance.ran_also(more, more);
        let Some(ongoing) = &mut self.outage else {
            return;
        };
        let outage = &mut ongoing.outage;
        outage.failures = outage.failures.saturating_add(more);
        if let Some(entry) = outage.kinds.iter_mut().find(|entry| entry.kind == *kind) {
            entry.count = entry.count.saturating_add(more);
        }
    }

    /// Counts further successes, which end no outage.
    pub(crate) fn succeeded_also(&mut self, more: u64) {
        self.tally.runs = self.tally.runs.saturating_add(more);
        self.balance.ran_also(more, 0);
        self.successes = self.successes.saturating_add(more);
    }

    /// Makes the next failure news, whatever was mailed; an outage goes on.
    pub(crate) fn forget_all_kinds(&mut self) {
        self.known.clear();
        self.failed_before = false;
    }
}
