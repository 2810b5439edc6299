//! The simulation of a chain with the real alert policy.

use super::foreseen::Forecast;
use super::host::play;
use super::inbox::ForeseenInbox;
use super::simulated_task::SimulatedTask;
use super::span::Span;
use crate::alert::failure_kind::FailureKind;
use crate::alert::memory::AlertMemory;
use crate::alert::policy::{ChainPolicy, ChainRules};
use crate::core::failure::Failure;
use crate::core::time::Moment;
use crate::mute::wish::Mute;
use crate::redact::Redactor;

/// A chain to be simulated.
#[derive(Debug)]
pub(crate) struct Simulation {
    /// Its tasks, in order.
    pub(crate) tasks: Vec<SimulatedTask>,
    /// What the alerts of the chain go by.
    pub(crate) rules: ChainRules,
    /// What makes the fingerprint of a failure.
    pub(crate) kind_of: fn(&Failure) -> FailureKind,
    /// What takes secrets out of failures.
    pub(crate) redactor: Redactor,
    /// When it starts.
    pub(crate) start: Moment,
    /// The time, after the start, in which its mails are not wanted.
    pub(crate) mute: Option<Span>,
}

impl Simulation {
    /// Runs it from an empty memory until every script is at its end.
    pub(crate) fn run(self) -> Forecast {
        let memory = AlertMemory::empty(self.start, "simulated");
        self.run_with(memory)
    }

    /// Runs it as a runner that begins with this memory.
    pub(crate) fn run_with(self, memory: AlertMemory) -> Forecast {
        let rules = self.tasks.iter().map(|task| task.rules.clone()).collect();
        let mute = self.mute.map(|span| self.muted(span, &memory));
        let mut policy = ChainPolicy::new(rules, self.rules, memory, self.start);
        policy.mutes_are(mute.into_iter().collect(), self.start);
        let inbox = ForeseenInbox::new(policy, self.kind_of, self.redactor);
        let played = play(self.tasks, self.start, inbox);
        let (policy, mails) = played.alerts.into_parts();
        Forecast {
            mails,
            runs: played.runs,
            failures: played.failures,
            ended: played.ended,
            memory: policy.memory(played.ended),
            limit: played.limit,
        }
    }
}

impl Simulation {
    fn muted(&self, span: Span, memory: &AlertMemory) -> Mute {
        let wall = |after| self.start.wall.checked_add(after);
        Mute {
            task: None,
            from: wall(span.from).unwrap_or(self.start.wall),
            until: wall(span.until).unwrap_or(self.start.wall),
            by: "you".to_owned(),
            reason: "simulated".to_owned(),
            boot: memory.boot().to_owned(),
            made: self.start.mono + span.from,
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
