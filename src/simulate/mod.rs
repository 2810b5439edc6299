//! The future inbox: the real chain, runner and alert policy over virtual clocks, with runs whose ends are written in a script.
//!
//! Nothing is run and nothing is sent. What comes out is what a runner with these settings would mail, since the same code decides it.

mod host;
mod script;

use std::time::Duration;

use crate::alert::memory::Memory;
use crate::alert::notice::{Kind, Notice, Sort};
use crate::alert::policy::{ChainRules, Policy, TaskRules};
use crate::chain::{Chain, Cooldowns};
use crate::failure::Failure;
use crate::runner;
use crate::time::{Moment, in_words};

use host::VirtualHost;
pub(crate) use script::{InvalidScript, Script};

/// One task of a simulated chain.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedTask {
    /// What its alerts go by.
    pub(crate) rules: TaskRules,
    /// Its pauses.
    pub(crate) cooldowns: Cooldowns,
    /// How its runs end.
    pub(crate) script: Script,
    /// How long each of them takes.
    pub(crate) takes: Duration,
}

/// A chain to be simulated.
#[derive(Clone, Debug)]
pub(crate) struct Simulation {
    /// Its tasks, in order.
    pub(crate) tasks: Vec<SimulatedTask>,
    /// What the alerts of the chain go by.
    pub(crate) rules: ChainRules,
    /// What makes the fingerprint of a failure.
    pub(crate) kind_of: fn(&Failure) -> Kind,
    /// When it starts.
    pub(crate) start: Moment,
}

/// What a simulation foresees.
#[derive(Debug)]
pub(crate) struct Foreseen {
    /// The mails, in order.
    pub(crate) mails: Vec<ForeseenMail>,
    /// How many runs there were.
    pub(crate) runs: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
    /// When it ended.
    pub(crate) ended: Moment,
    /// What the policy remembers at the end.
    pub(crate) memory: Memory,
}

/// One mail of the future.
#[derive(Debug)]
pub(crate) struct ForeseenMail {
    /// When it leaves.
    pub(crate) at: Moment,
    /// What it tells.
    pub(crate) notice: Notice,
}

impl ForeseenMail {
    /// Returns the words of its subject: `First exception caught: TEXT`.
    pub(crate) fn headline(&self) -> String {
        let Notice { sort, text, .. } = &self.notice;
        match sort {
            Sort::First => format!("First exception caught: {text}"),
            Sort::New => format!("New exception caught: {text}"),
            Sort::Downtime { count: 0 | 1 } => "Non recoverable downtime reached".to_owned(),
            Sort::Downtime { .. } => "Non recoverable downtime reached again".to_owned(),
            Sort::StillRunning => format!("Still running after {}", in_words(self.running_for())),
            Sort::Healed => format!("Process healed after {}", in_words(self.downtime())),
            Sort::HeldBack => format!("Held back: {} failures", self.held_back()),
        }
    }

    fn running_for(&self) -> Duration {
        let since = self.notice.running_since.unwrap_or(self.at);
        self.at.mono.since(since.mono)
    }

    fn downtime(&self) -> Duration {
        let outage = self.notice.outage.as_ref();
        outage.map_or(Duration::ZERO, |outage| {
            let ended = outage.ended.unwrap_or(self.at);
            ended.mono.since(outage.started.mono)
        })
    }

    fn held_back(&self) -> u64 {
        let counts = self.notice.held_back.iter().map(|entry| entry.count);
        counts.fold(self.notice.held_back_unnamed, u64::saturating_add)
    }
}

impl Simulation {
    /// Runs it from an empty memory until every script is at its end.
    pub(crate) fn run(self) -> Foreseen {
        let memory = Memory::empty(self.start, "simulated");
        self.run_with(memory)
    }

    /// Runs it as a runner that begins with this memory.
    pub(crate) fn run_with(self, memory: Memory) -> Foreseen {
        let rules = self.tasks.iter().map(|task| task.rules.clone()).collect();
        let policy = Policy::new(rules, self.rules, memory, self.start);
        let mut chain = Chain::new(self.tasks.iter().map(|task| task.cooldowns).collect());
        let scripts = self.tasks.into_iter().map(|task| (task.script, task.takes));
        let mut host = VirtualHost::new(policy, scripts.collect(), self.kind_of, self.start);
        runner::run(&mut chain, &mut host);
        host.into_foreseen()
    }
}

#[cfg(test)]
mod tests;
