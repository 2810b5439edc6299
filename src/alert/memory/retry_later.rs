//! What is remembered of a task whose runs ask to be tried again later, and do nothing else.

use super::super::failure_kind::FailureKind;
use super::TaskMemory;
use super::bounds::bounded;
use super::ongoing::overwrite;
use crate::core::time::{Moment, Mono};

impl TaskMemory {
    /// Returns whether its runs have only asked to be tried again later since the last one that
    /// succeeded or failed.
    pub(crate) fn only_asks(&self) -> bool {
        self.outage
            .as_ref()
            .is_some_and(|ongoing| ongoing.outage.only_asks())
    }

    /// Enters a run that asked to be tried again later. Within an outage that has seen a failure it
    /// counts as nothing.
    pub(crate) fn asked(&mut self, reason: &str, started: Moment) {
        self.tally.asked();
        if self.outage.is_none() {
            self.outage = Some(self.begin(started, &FailureKind(String::new())));
        }
        let Some(ongoing) = &mut self.outage else {
            return;
        };
        if ongoing.outage.failures == 0 {
            ongoing.outage.asks = ongoing.outage.asks.saturating_add(1);
            overwrite(&mut ongoing.latest.text, bounded(reason));
        }
    }

    /// Returns how long the runs had only asked for later at `saved`.
    pub(super) fn asking_for(&self, saved: Mono) -> Option<std::time::Duration> {
        let ongoing = self.outage.as_ref()?;
        let only_asks = ongoing.outage.only_asks();
        only_asks.then(|| saved.since(ongoing.outage.started.mono))
    }

    /// Counts on from there: what passed while no runner ran it is not held against it.
    pub(super) fn ask_on(&mut self, since: Mono) {
        if let Some(ongoing) = &mut self.outage {
            ongoing.outage.started.mono = since;
        }
    }
}
