//! What was not mailed, kept by kind until some mail names it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::super::alert_kind::AlertKind;
use super::super::{failure_kind::FailureKind, outage::DeferredFailure};
use super::bounds::bounded;
use crate::core::event::TaskIndex;

/// How many kinds are kept by name; what comes after is counted.
pub(crate) const MOST_NAMED: usize = 64;

/// What was held back of one task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeferredFailures {
    named: Vec<DeferredFailure>,
    unnamed: u64,
}

impl DeferredFailures {
    /// Adds a failure that was not mailed.
    pub(crate) fn add(
        &mut self,
        step: TaskIndex,
        sort: AlertKind,
        kind: &FailureKind,
        text: &str,
        at: SystemTime,
    ) {
        if let Some(entry) = self.named.iter_mut().find(|entry| entry.kind == *kind) {
            entry.count = entry.count.saturating_add(1);
            entry.last = at;
        } else if self.named.len() < MOST_NAMED {
            self.named.push(DeferredFailure {
                step,
                sort: sort.word().to_owned(),
                kind: kind.clone(),
                text: bounded(text).to_owned(),
                count: 1,
                first: at,
                last: at,
            });
        } else {
            self.unnamed = self.unnamed.saturating_add(1);
        }
    }

    /// Returns what is kept by name, the oldest first.
    pub(crate) fn named(&self) -> &[DeferredFailure] {
        &self.named
    }

    /// Returns how many failures are kept as a number only.
    pub(crate) fn unnamed(&self) -> u64 {
        self.unnamed
    }

    /// Returns as which sort a kind is held back, if it is.
    pub(crate) fn sort_of(&self, kind: &FailureKind) -> Option<AlertKind> {
        let entry = self.named.iter().find(|entry| entry.kind == *kind)?;
        Some(sort_of(entry))
    }

    /// Takes note that a mail about `kind` has left. One without a name was the last that was
    /// counted.
    pub(crate) fn settle(&mut self, kind: &FailureKind) {
        let before = self.named.len();
        self.named.retain(|entry| entry.kind != *kind);
        if self.named.len() == before {
            self.settle_unnamed(1);
        }
    }

    /// Takes note that a mail has named these, and reported the number of the others.
    pub(crate) fn settle_all<'a>(
        &mut self,
        named: impl Iterator<Item = &'a FailureKind>,
        unnamed: u64,
    ) {
        for kind in named {
            self.named.retain(|entry| entry.kind != *kind);
        }
        self.settle_unnamed(unnamed);
    }

    fn settle_unnamed(&mut self, count: u64) {
        self.unnamed = self.unnamed.saturating_sub(count);
    }

    /// Puts right what a damaged or foreign file may hold.
    pub(super) fn adapt(&mut self, step: TaskIndex) {
        self.named.truncate(MOST_NAMED);
        for entry in &mut self.named {
            entry.step = step;
        }
    }
}

/// Returns as which sort of mail it was held back.
pub(crate) fn sort_of(entry: &DeferredFailure) -> AlertKind {
    if entry.sort == AlertKind::First.word() {
        AlertKind::First
    } else {
        AlertKind::New
    }
}
