//! What the runner stands on in virtual time.

use super::{Alerts, Limit, Played, SimulatedTask};
use crate::chain::Next;
use crate::event::{Event, Observer, RunId, Step, StopReason};
use crate::failure::Outcome;
use crate::runner::{Host, Request};
use crate::time::{Moment, Mono};

/// How many runs are played at most: a chain may never come to its end.
pub(super) const MOST_RUNS: u64 = 1_000_000;

/// A host whose clocks go as fast as it counts, and whose runs end as their scripts say.
#[derive(Debug)]
pub(super) struct VirtualHost<A> {
    now: Moment,
    start: Moment,
    alerts: A,
    tasks: Vec<SimulatedTask>,
    runs: u64,
    failures: u64,
}

impl<A: Alerts> VirtualHost<A> {
    pub(super) fn new(tasks: Vec<SimulatedTask>, start: Moment, alerts: A) -> Self {
        VirtualHost {
            now: start,
            start,
            alerts,
            tasks,
            runs: 0,
            failures: 0,
        }
    }

    pub(super) fn into_played(self) -> Played<A> {
        Played {
            limit: self.limit(),
            alerts: self.alerts,
            runs: self.runs,
            failures: self.failures,
            ended: self.now,
        }
    }

    fn limit(&self) -> Option<Limit> {
        if self.alerts.is_full() {
            Some(Limit::Mails)
        } else if self.runs >= MOST_RUNS && !self.scripts_are_over() {
            Some(Limit::Runs)
        } else {
            None
        }
    }

    fn scripts_are_over(&self) -> bool {
        self.tasks.iter().all(|task| task.script.is_over())
    }

    /// Moves the clocks, and lets alerts have their say on the way. What falls on the end is left to the run that begins there.
    fn pass(&mut self, until: Mono) {
        while !self.alerts.is_full() {
            let due = self.alerts.due().max(self.now.mono);
            if due >= until {
                break;
            }
            self.now = self.now.at(due);
            self.alerts.poll(self.now);
        }
        self.now = self.now.at(until.max(self.now.mono));
    }
}

impl<A: Alerts> Observer for VirtualHost<A> {
    fn observe(&mut self, event: &Event<'_>) {
        self.alerts.observe(event);
    }
}

impl<A: Alerts> Host for VirtualHost<A> {
    fn now(&self) -> Moment {
        self.now
    }

    /// The cooldown after the last run is to pass.
    fn poll(&mut self, next: Next) -> Request {
        let over = matches!(next, Next::Run(_)) && self.scripts_are_over();
        if over || self.limit().is_some() {
            Request::Stop(StopReason::Done)
        } else {
            Request::None
        }
    }

    fn wait(&mut self, until: Mono) -> Request {
        self.pass(until);
        Request::None
    }

    fn run(&mut self, step: Step, _run: RunId) -> Outcome {
        self.runs += 1;
        let passed = self.now.mono.since(self.start.mono);
        let task = &mut self.tasks[step];
        let (outcome, takes) = (task.script.next(passed), task.takes);
        self.failures += u64::from(outcome.failure().is_some());
        self.pass(self.now.mono + takes);
        outcome
    }
}
