//! What is counted of a task from one summary to the next.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::event::TaskIndex;

/// From so many outages on a task counts as flapping.
const FLAPS: u64 = 4;

/// What happened to a task since the last summary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SummaryCounts {
    /// How many runs ended, well or badly.
    pub runs: u64,
    /// How many of them failed.
    pub failures: u64,
    /// How many outages began.
    pub outages: u64,
    /// How long the longest of those was that ended.
    pub longest: Duration,
    /// Since when the task is down, if it is: known, not counted.
    pub down_since: Option<SystemTime>,
    /// How many mails were sent about it.
    pub mails: u64,
    /// How many failures were held back, for want of a token or because a user asked for that.
    pub held_back: u64,
    /// How many runs asked to be tried again later: these are not among `runs`.
    pub asks: u64,
}

impl SummaryCounts {
    /// Counts a failed run, and the outages that began with it: none or one.
    pub(super) fn failed(&mut self, outages: u64) {
        self.runs = self.runs.saturating_add(1);
        self.failures = self.failures.saturating_add(1);
        self.outages = self.outages.saturating_add(outages);
    }

    /// Counts a run that asked to be tried again later.
    pub(super) fn asked(&mut self) {
        self.asks = self.asks.saturating_add(1);
    }

    /// Counts a mail.
    pub(super) fn mailed(&mut self) {
        self.mails = self.mails.saturating_add(1);
    }

    /// Counts a failure that was held back.
    pub(super) fn hold_back(&mut self) {
        self.held_back = self.held_back.saturating_add(1);
    }

    /// Returns whether it fails and heals again and again.
    pub(crate) fn flaps(&self) -> bool {
        self.outages >= FLAPS
    }
}

/// The summary that is due next.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SummaryDue {
    /// Since when is counted.
    pub since: SystemTime,
    /// When it is due, by the clock on the wall.
    pub due: SystemTime,
}

/// What a summary reports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SummaryContent {
    /// Since when was counted.
    pub since: SystemTime,
    /// What was counted of each task, in the order of the chain.
    pub tasks: Vec<(TaskIndex, SummaryCounts)>,
}

impl SummaryContent {
    /// Returns how many runs there were.
    pub(crate) fn runs(&self) -> u64 {
        let runs = self.tasks.iter().map(|(_, task)| task.runs);
        runs.fold(0, u64::saturating_add)
    }

    /// Returns how many runs failed.
    pub(crate) fn failures(&self) -> u64 {
        let failures = self.tasks.iter().map(|(_, task)| task.failures);
        failures.fold(0, u64::saturating_add)
    }

    /// Returns how many runs asked to be tried again later.
    pub(crate) fn asks(&self) -> u64 {
        let asks = self.tasks.iter().map(|(_, task)| task.asks);
        asks.fold(0, u64::saturating_add)
    }

    /// Returns how many tasks are down.
    pub(crate) fn down(&self) -> usize {
        let down = self
            .tasks
            .iter()
            .filter(|(_, task)| task.down_since.is_some());
        down.count()
    }
}
