//! All that the alerter of a board remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name_memory::NameMemory;
use crate::alert::memory::AlertMemory;
use crate::core::time::Moment;

/// All that the alerter of a board remembers; it moves with the lock from machine to machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobMemory {
    /// What the policy of chains remembers.
    pub(crate) alerts: AlertMemory,
    /// What is remembered of each name besides.
    #[serde(default)]
    pub(super) names: BTreeMap<String, NameMemory>,
    /// How many successes of each definition are counted, by session.
    #[serde(default)]
    counts: BTreeMap<u64, BTreeMap<String, u64>>,
}

impl JobMemory {
    /// Creates the memory of a board on which nothing has ended.
    pub(crate) fn empty(now: Moment, boot: &str) -> Self {
        JobMemory::of(AlertMemory::empty(now, boot), BTreeMap::new())
    }

    /// Creates the memory of what the policy of jobs knows.
    pub(super) fn of(alerts: AlertMemory, names: BTreeMap<String, NameMemory>) -> Self {
        JobMemory {
            alerts,
            names,
            counts: BTreeMap::new(),
        }
    }

    /// Returns the memory on the clock of this boot.
    pub(crate) fn moved(self, now: Moment, boot: &str) -> Self {
        JobMemory {
            alerts: self.alerts.restored(now, boot),
            ..self
        }
    }

    /// Returns the memory with what is counted of each session.
    pub(crate) fn with_counts(self, counts: SuccessCounts) -> Self {
        JobMemory {
            counts: counts.0,
            ..self
        }
    }

    /// Returns what is counted of each session.
    pub(crate) fn counts(&self) -> SuccessCounts {
        SuccessCounts(self.counts.clone())
    }

    /// Returns the names that something is remembered of.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

/// How many successes of each definition are counted, by session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SuccessCounts(BTreeMap<u64, BTreeMap<String, u64>>);

impl SuccessCounts {
    /// Takes the counter of a session for a definition; returns by how much it has grown.
    pub(crate) fn grown(&mut self, session: u64, definition: &str, succeeded: u64) -> u64 {
        let of_session = self.0.entry(session).or_default();
        let before = of_session.get(definition).copied().unwrap_or(0);
        if before != succeeded {
            of_session.insert(definition.to_owned(), succeeded);
        }
        succeeded.saturating_sub(before)
    }

    /// Forgets all sessions but these.
    pub(crate) fn keep(&mut self, is_kept: impl Fn(u64) -> bool) {
        self.0.retain(|session, _| is_kept(*session));
    }
}
