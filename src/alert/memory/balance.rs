//! The downtime of a task as a balance: a task that fails on and off is as down as one that fails
//! for long, only later.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::outage::OnAndOff;
use super::bounds::no_later;
use crate::alert::bucket::ClockGap;
use crate::core::time::{Moment, Mono};

/// Healthy stretches of at least this part of the downtime are paid back twofold, shorter ones by
/// half.
const LONG_STRETCH: u32 = 24;

/// What a task owes in downtime, as of the end of its last outage, and the runs since there is a
/// debt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Balance {
    debt: Duration,
    ended: Option<Mono>,
    /// The start of the outage in which the debt began, or the last reminder.
    since: Option<Moment>,
    runs: u64,
    failures: u64,
}

impl Balance {
    /// Counts a run. Called for each success of a healthy chain: cheap.
    pub(crate) fn ran(&mut self) {
        self.runs = self.runs.saturating_add(1);
    }

    /// Counts a run that failed.
    pub(crate) fn failed(&mut self) {
        self.ran();
        self.failures = self.failures.saturating_add(1);
    }

    /// Counts runs, some of which failed.
    pub(super) fn ran_also(&mut self, runs: u64, failures: u64) {
        self.runs = self.runs.saturating_add(runs);
        self.failures = self.failures.saturating_add(failures);
    }

    /// Pays the healthy stretch before an outage back. Returns the debt with which the outage
    /// begins.
    pub(crate) fn begin(&mut self, started: Moment, downtime: Duration) -> Duration {
        let healthy = match self.ended {
            Some(ended) => started.mono.since(ended),
            None => Duration::MAX,
        };
        let paid = if healthy >= downtime / LONG_STRETCH {
            healthy.saturating_mul(2)
        } else {
            healthy / 2
        };
        self.debt = self.debt.saturating_sub(paid).min(downtime);
        if self.debt.is_zero() {
            self.count_from(started);
        }
        self.debt
    }

    /// Takes note that an outage ended at `at`, `elapsed` after its debt was zero, with so many
    /// reminders.
    pub(crate) fn end(&mut self, at: Mono, elapsed: Duration, reminded: u32, downtime: Duration) {
        /// A reminder that is overdue by so long was left to the run that has succeeded now.
        const LEFT_TO_THE_RUN: Duration = Duration::from_secs(10);
        let open = elapsed.saturating_sub(downtime.saturating_mul(reminded));
        let over = open.saturating_sub(downtime);
        self.debt = if open < downtime {
            open
        } else if over <= LEFT_TO_THE_RUN {
            downtime
        } else {
            // The machine slept: what no runner could look at is one reminder at most.
            remainder(open, downtime)
        };
        self.ended = Some(at);
    }

    /// Takes note that a reminder was sent: runs are counted anew.
    pub(crate) fn reminded(&mut self, at: Moment) {
        self.count_from(at);
    }

    fn count_from(&mut self, at: Moment) {
        (self.since, self.runs, self.failures) = (Some(at), 0, 0);
    }

    /// Returns what was counted since the debt began.
    pub(crate) fn counted(&self, now: Moment) -> OnAndOff {
        OnAndOff {
            failures: self.failures,
            runs: self.runs,
            span: self
                .since
                .map_or(Duration::ZERO, |since| now.mono.since(since.mono)),
        }
    }

    /// Takes out what cannot be: more debt than a downtime, and what lies ahead of the clock.
    pub(super) fn adapt(&mut self, downtime: Duration, now: Mono) {
        self.debt = self.debt.min(downtime);
        self.ended = self.ended.map(|at| no_later(at, now));
        if let Some(since) = &mut self.since {
            since.mono = no_later(since.mono, now);
        }
    }

    /// Moves the balance to another boot clock.
    pub(super) fn rebase(&mut self, absence: &ClockGap) {
        self.ended = self.ended.map(|at| absence.translate(at));
        if let Some(since) = &mut self.since {
            since.mono = absence.translate(since.mono);
        }
    }
}

fn remainder(span: Duration, divisor: Duration) -> Duration {
    let rest = span.as_nanos() % divisor.as_nanos().max(1);
    Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX))
}
