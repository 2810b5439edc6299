//! The future inbox: the real chain, runner and alert policy over virtual clocks, with runs whose ends are written in a script.
//!
//! Nothing is run and nothing is sent. What comes out is what a runner with these settings would mail, since the same code decides it.

mod host;
mod inbox;
mod script;

use std::fmt;
use std::time::Duration;

use crate::alert::feed::Feed;
use crate::alert::memory::Memory;
use crate::alert::message;
use crate::alert::mute::{self, Mute};
use crate::alert::notice::{Kind, Notice};
use crate::alert::policy::{ChainRules, Policy, TaskRules};
use crate::alert::redact::Redactor;
use crate::chain::{Chain, Cooldowns};
use crate::event::Event;
use crate::failure::Failure;
use crate::runner;
use crate::time::{Moment, Mono};

use host::VirtualHost;
use inbox::Inbox;
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
#[derive(Debug)]
pub(crate) struct Simulation {
    /// Its tasks, in order.
    pub(crate) tasks: Vec<SimulatedTask>,
    /// What the alerts of the chain go by.
    pub(crate) rules: ChainRules,
    /// What makes the fingerprint of a failure.
    pub(crate) kind_of: fn(&Failure) -> Kind,
    /// What takes secrets out of failures.
    pub(crate) redactor: Redactor,
    /// When it starts.
    pub(crate) start: Moment,
    /// The time, after the start, in which its mails are not wanted.
    pub(crate) mute: Option<Span>,
}

/// A time, counted from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// From when on.
    pub(crate) from: Duration,
    /// Until when.
    pub(crate) until: Duration,
}

/// A span that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidSpan(String);

impl fmt::Display for InvalidSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no span of 30 days at most; write `2h..5h`, for instance",
            self.0
        )
    }
}

impl Span {
    /// Reads `2h..5h`.
    ///
    /// # Errors
    ///
    /// When it is none, is empty, or longer than a mute may be.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSpan> {
        let read = |text: &str| match text.trim() {
            "" | "0" => Some(Duration::ZERO),
            text => humantime::parse_duration(text).ok(),
        };
        let span = text.split_once("..").and_then(|(from, until)| {
            let (from, until) = (read(from)?, read(until)?);
            Some(Span { from, until })
        });
        let fits = |span: &Span| span.from < span.until && span.until - span.from <= mute::LONGEST;
        span.filter(fits)
            .ok_or_else(|| InvalidSpan(text.to_owned()))
    }
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
    /// What ended it before its scripts did.
    pub(crate) limit: Option<Limit>,
}

/// Why a simulation ends before its scripts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// A million runs.
    Runs,
    /// Ten thousand mails.
    Mails,
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
        let mute = self.mute.map(|span| self.muted(span, &memory));
        let mut policy = Policy::new(rules, self.rules, memory, self.start);
        policy.mutes_are(mute.into_iter().collect(), self.start);
        let inbox = Inbox::new(Feed::new(policy, self.kind_of), self.redactor);
        let played = play(self.tasks, self.start, inbox);
        let (feed, mails) = played.alerts.into_parts();
        Foreseen {
            mails,
            runs: played.runs,
            failures: played.failures,
            ended: played.ended,
            memory: feed.policy.memory(played.ended),
            limit: played.limit,
        }
    }
}

impl Simulation {
    fn muted(&self, span: Span, memory: &Memory) -> Mute {
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

/// Who makes alerts of what happens in virtual time.
pub(crate) trait Alerts {
    /// Takes note of an event.
    fn observe(&mut self, event: &Event<'_>);

    /// Returns when there is something to do without an event.
    fn due(&mut self) -> Mono;

    /// Does what is due.
    fn poll(&mut self, now: Moment);

    /// Returns whether there is room for no more.
    fn is_full(&self) -> bool {
        false
    }
}

/// What came of playing a chain.
#[derive(Debug)]
pub(crate) struct Played<A> {
    /// Who made the alerts.
    pub(crate) alerts: A,
    /// How many runs there were.
    pub(crate) runs: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
    /// When it ended.
    pub(crate) ended: Moment,
    /// What ended it before its scripts did.
    pub(crate) limit: Option<Limit>,
}

/// Has the real chain and runner play the scripts of these tasks in virtual time, for `alerts` to make of it what they will.
pub(crate) fn play<A: Alerts>(tasks: Vec<SimulatedTask>, start: Moment, alerts: A) -> Played<A> {
    let mut chain = Chain::new(tasks.iter().map(|task| task.cooldowns).collect());
    let mut host = VirtualHost::new(tasks, start, alerts);
    runner::run(&mut chain, &mut host);
    host.into_played()
}

#[cfg(test)]
mod tests;
