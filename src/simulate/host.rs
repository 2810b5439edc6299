//! What the runner stands on in virtual time.

use super::alerts::AlertSink;
use super::played::{MOST_RUNS, Played, SimulationLimit};
use super::simulated_task::SimulatedTask;
use crate::chain::drive::{self, Host, HostRequest};
use crate::chain::{Next, TaskCycle};
use crate::core::event::{Event, Observer, RunId, StopReason, TaskIndex};
use crate::core::failure::Outcome;
use crate::core::time::{Moment, Mono};

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

impl<A: AlertSink> VirtualHost<A> {
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

    fn limit(&self) -> Option<SimulationLimit> {
        if self.alerts.is_full() {
            Some(SimulationLimit::Mails)
        } else if self.runs >= MOST_RUNS && !self.scripts_are_over() {
            Some(SimulationLimit::Runs)
        } else {
            None
        }
    }

    fn scripts_are_over(&self) -> bool {
        self.tasks.iter().all(|task| task.script.is_over())
    }

    /// Moves the clocks, and lets alerts have their say on the way. What falls on the end is left
    /// to the run that begins there.
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

impl<A: AlertSink> Observer for VirtualHost<A> {
    fn observe(&mut self, event: &Event<'_>) {
        self.alerts.observe(event);
    }
}

impl<A: AlertSink> Host for VirtualHost<A> {
    fn now(&self) -> Moment {
        self.now
    }

    /// The cooldown after the last run is to pass, and so is the health for which the mail about
    /// the end of an outage waits.
    fn poll(&mut self, next: Next) -> HostRequest {
        let waits = self.alerts.waits_for_health() && self.runs < MOST_RUNS;
        let over = matches!(next, Next::Run(_)) && self.scripts_are_over() && !waits;
        if over || self.limit().is_some() {
            HostRequest::Stop(StopReason::Done)
        } else {
            HostRequest::None
        }
    }

    fn wait(&mut self, until: Mono) -> HostRequest {
        self.pass(until);
        HostRequest::None
    }

    fn run(&mut self, step: TaskIndex, _run: RunId) -> Outcome {
        self.runs += 1;
        let passed = self.now.mono.since(self.start.mono);
        let task = &mut self.tasks[step];
        let (outcome, takes) = (task.script.next(passed), task.takes);
        self.failures += u64::from(outcome.failure().is_some());
        self.pass(self.now.mono + takes);
        outcome
    }
}

/// Has the real chain and runner play the scripts of these tasks in virtual time, for `alerts` to
/// make of it what they will.
pub(crate) fn play<A: AlertSink>(tasks: Vec<SimulatedTask>, start: Moment, alerts: A) -> Played<A> {
    let mut chain = TaskCycle::new(tasks.iter().map(|task| task.cooldowns).collect());
    let mut host = VirtualHost::new(tasks, start, alerts);
    drive::run(&mut chain, &mut host);
    host.into_played()
}
