//! The future inbox: the real chain, runner and alert policy over virtual clocks, with runs whose ends are written in a script.
//!
//! Nothing is run and nothing is sent. What comes out is what a runner with these settings would mail, since the same code decides it.

mod host;
mod script;

use std::time::Duration;

use crate::alert::memory::Memory;
use crate::alert::message;
use crate::alert::notice::{Kind, Notice};
use crate::alert::policy::{ChainRules, Policy, TaskRules};
use crate::chain::{Chain, Cooldowns};
use crate::failure::Failure;
use crate::runner;
use crate::time::Moment;

use host::VirtualHost;
pub(crate) use script::Script;

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
        message::headline(&self.notice)
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
