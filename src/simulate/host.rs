//! What the runner stands on in virtual time.

use std::time::Duration;

use super::{Foreseen, ForeseenMail, Script};
use crate::alert::notice::{Kind, Notice};
use crate::alert::policy::{Policy, Seen, Verdict};
use crate::event::{Event, Observer, RunId, Step, StopReason};
use crate::failure::{Failure, Outcome};
use crate::runner::{Host, Request};
use crate::time::{Moment, Mono};

/// A host whose clocks go as fast as it counts, and whose runs end as their scripts say.
#[derive(Debug)]
pub(super) struct VirtualHost {
    now: Moment,
    start: Moment,
    policy: Policy,
    scripts: Vec<(Script, Duration)>,
    kind_of: fn(&Failure) -> Kind,
    mails: Vec<ForeseenMail>,
    runs: u64,
    failures: u64,
    /// Whether the cooldown after the last run is still to pass.
    sleeping: bool,
}

impl VirtualHost {
    pub(super) fn new(
        policy: Policy,
        scripts: Vec<(Script, Duration)>,
        kind_of: fn(&Failure) -> Kind,
        start: Moment,
    ) -> Self {
        VirtualHost {
            now: start,
            start,
            policy,
            scripts,
            kind_of,
            mails: Vec::new(),
            runs: 0,
            failures: 0,
            sleeping: false,
        }
    }

    pub(super) fn into_foreseen(self) -> Foreseen {
        Foreseen {
            mails: self.mails,
            runs: self.runs,
            failures: self.failures,
            memory: self.policy.memory(self.now),
            ended: self.now,
        }
    }

    fn at_its_end(&self) -> bool {
        self.scripts.iter().all(|(script, _)| script.is_over())
    }

    /// Moves the clocks, and lets the policy have its say on the way. What falls on the end is left to the run that begins there.
    fn pass(&mut self, until: Mono) {
        loop {
            let due = self.policy.due().max(self.now.mono);
            if due >= until {
                break;
            }
            self.now = self.now.at(due);
            for notice in self.policy.poll(self.now) {
                self.deliver(notice);
            }
        }
        self.now = self.now.at(until.max(self.now.mono));
    }

    fn deliver(&mut self, notice: Notice) {
        let id = format!("{}@simulated", self.mails.len());
        self.policy.sent(&notice, &id, self.now);
        self.mails.push(ForeseenMail {
            at: self.now,
            notice,
        });
    }

    fn judge(&mut self, step: Step, run: RunId, started: Moment, outcome: &Outcome) {
        let at = self.now;
        let verdict = match outcome {
            Outcome::Success => self.policy.run_ended(step, run, started, at, Seen::Success),
            Outcome::RetryLater { .. } | Outcome::Interrupted { .. } => {
                self.policy.run_ended(step, run, started, at, Seen::Neither)
            }
            Outcome::Failure(failure) | Outcome::Fatal(failure) => {
                self.failures += 1;
                let (kind, text) = ((self.kind_of)(failure), failure.text());
                let seen = Seen::Failure {
                    kind: &kind,
                    text: &text,
                };
                self.policy.run_ended(step, run, started, at, seen)
            }
        };
        if let Verdict::Mail(notice) = verdict {
            self.deliver(*notice);
        }
    }
}

impl Observer for VirtualHost {
    fn observe(&mut self, event: &Event<'_>) {
        match event {
            Event::RunStarted { step, run, at } => {
                self.sleeping = false;
                self.policy.run_started(*step, *run, *at);
            }
            Event::RunEnded {
                step,
                run,
                started,
                outcome,
                ..
            } => self.judge(*step, *run, *started, outcome),
            Event::Sleeping { next, until, .. } => {
                self.sleeping = true;
                self.policy.sleeping(*next, *until);
            }
            _ => {}
        }
    }
}

impl Host for VirtualHost {
    fn now(&self) -> Moment {
        self.now
    }

    fn poll(&mut self) -> Request {
        if !self.sleeping && self.at_its_end() {
            Request::Stop(StopReason::Done)
        } else {
            Request::None
        }
    }

    fn wait(&mut self, until: Mono) -> Request {
        self.pass(until);
        self.sleeping = false;
        Request::None
    }

    fn run(&mut self, step: Step, _run: RunId) -> Outcome {
        self.runs += 1;
        let passed = self.now.mono.since(self.start.mono);
        let (script, takes) = &mut self.scripts[step];
        let (outcome, takes) = (script.next(passed), *takes);
        self.pass(self.now.mono + takes);
        outcome
    }
}
