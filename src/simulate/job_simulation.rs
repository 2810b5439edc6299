//! The simulation of the jobs of a definition, of which a part fails.

use std::time::Duration;

use super::foreseen::ForeseenMail;
use crate::alert::alert_facts::Alert;
use crate::alert::failure_kind::FailureKind;
use crate::alert::jobs::{FailedJobs, JobDesk, JobMemory, JobPolicy};
use crate::alert::policy::{AlertDecision, ChainRules, TaskRules};
use crate::core::event::TaskIndex;
use crate::core::time::{Moment, unix_millis};

/// How often the alerter looks in a simulation.
const TURN: Duration = Duration::from_secs(5);
/// Jobs that come less often than this do not wait for each other.
const SOON: Duration = Duration::from_secs(30);

/// Jobs of a definition that end at a steady rate, of which a part fails with one cause.
#[derive(Clone, Debug)]
pub(crate) struct JobSimulation {
    /// What the alerts of the definition go by.
    pub(crate) job: TaskRules,
    /// What the alerts of the board go by.
    pub(crate) rules: ChainRules,
    /// Between the ends of two jobs.
    pub(crate) interval: Duration,
    /// How many of a million jobs fail.
    pub(crate) failing: u32,
    /// How long it goes on.
    pub(crate) span: Duration,
    /// When it starts.
    pub(crate) start: Moment,
}

/// What a simulation of jobs foresees.
#[derive(Debug, Default)]
pub(crate) struct JobForecast {
    /// The mails, in order.
    pub(crate) mails: Vec<ForeseenMail>,
    /// How many jobs ended.
    pub(crate) jobs: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
}

impl JobSimulation {
    /// Runs it from an empty memory.
    pub(crate) fn run(&self) -> JobForecast {
        let memory = JobMemory::empty(self.start, "simulated");
        let names = vec![self.job.clone()];
        let mut policy = JobPolicy::new(names, self.rules, memory, self.start);
        let mut desk = SimulatedDesk {
            mails: Vec::new(),
            now: self.start,
            ends_soon: self.interval <= SOON,
        };
        let mut forecast = JobForecast::default();
        let mut dice = Dice(0x5eed);
        let (mut passed, mut next_end) = (Duration::ZERO, self.interval);
        while passed < self.span {
            passed += TURN;
            let (mut failed, mut succeeded) = (0, 0);
            while next_end <= passed {
                match dice.roll() < self.failing {
                    true => failed += 1,
                    false => succeeded += 1,
                }
                next_end += self.interval;
            }
            desk.now = self.start.at(self.start.mono + passed);
            forecast.jobs += failed + succeeded;
            forecast.failures += failed;
            policy.succeeded(0, succeeded);
            if failed > 0 {
                policy.failed(0, "build", alike(failed, forecast.jobs, desk.now));
            }
            let now = desk.now;
            policy.poll(now, &mut desk);
        }
        forecast.mails = desk.mails;
        forecast
    }
}

fn alike(count: u64, job: u64, now: Moment) -> FailedJobs {
    let at = unix_millis(now.wall);
    FailedJobs {
        kind: FailureKind("simulated".to_owned()),
        text: "it fails".to_owned(),
        count,
        first: at,
        last: at,
        job,
        is_undone: false,
    }
}

/// The desk of a simulation, which keeps the mails.
struct SimulatedDesk {
    mails: Vec<ForeseenMail>,
    now: Moment,
    ends_soon: bool,
}

impl JobDesk for SimulatedDesk {
    fn may_end_soon(&mut self, _step: TaskIndex) -> bool {
        self.ends_soon
    }

    fn send(&mut self, alert: &Alert, _jobs: Option<&FailedJobs>) -> String {
        self.mails.push(ForeseenMail {
            at: self.now,
            alert: alert.clone(),
        });
        format!("{}@simulated", self.mails.len())
    }

    fn keep_silent(&mut self, _step: TaskIndex, _jobs: &FailedJobs, _why: &AlertDecision) {}
}

/// Numbers below a million that look random, the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % 1_000_000).unwrap_or(0)
    }
}

#[cfg(test)]
#[path = "job_simulation_tests.rs"]
mod tests;
