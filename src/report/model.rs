//! What a report says, before it is drawn.

use std::time::Duration;

use super::durations::Durations;
use super::outages::{Outage, Outages};
use super::period::Period;
use super::words;
use crate::state::history::Stamp;

/// The whole.
#[derive(Debug)]
pub(crate) struct Report {
    /// Of which machine.
    pub(crate) host: String,
    /// What it was written by.
    pub(crate) program: String,
    /// The time that it is about.
    pub(crate) period: Period,
    /// The chains, by name.
    pub(crate) chains: Vec<Chain>,
    /// Why mail does not leave, if it does not.
    pub(crate) mail_trouble: Option<String>,
}

/// A chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Its name.
    pub(crate) name: String,
    /// Whether it runs.
    pub(crate) condition: Condition,
    /// What it does, in words.
    pub(crate) state: String,
    /// The mute of the whole of it, if one holds.
    pub(crate) muted: Option<Mute>,
    /// Its tasks, in order; those that are no longer in it come last.
    pub(crate) tasks: Vec<Task>,
    /// How many mails were about no task of it alone.
    pub(crate) mails: u64,
}

/// Whether a chain runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It does.
    Runs,
    /// It does not.
    Stopped,
    /// It is not for us to know.
    Hidden,
}

/// A task.
#[derive(Debug)]
pub(crate) struct Task {
    /// What it is called on the screen.
    pub(crate) label: String,
    /// How it fares.
    pub(crate) state: TaskState,
    /// Its own mute, if one holds.
    pub(crate) muted: Option<Mute>,
    /// Its runs of the period.
    pub(crate) runs: Runs,
    /// How it fared day by day.
    pub(crate) days: Vec<Day>,
    /// How long its runs took.
    pub(crate) durations: Durations,
    /// When it was down.
    pub(crate) outages: Outages,
    /// How many mails were about it.
    pub(crate) mails: u64,
}

/// How many runs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Did what they were for.
    pub(crate) ok: u64,
    /// Failed.
    pub(crate) failed: u64,
    /// Neither: they asked to be tried again, or were interrupted.
    pub(crate) other: u64,
}

/// One day of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// Its runs.
    pub(crate) runs: Runs,
    /// Whether an outage was under way.
    pub(crate) is_down: bool,
}

/// How a task fares now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// No run has ended yet, or none says whether it is well.
    #[default]
    Unknown,
    /// It is well.
    Healthy {
        /// Since when.
        since: Option<Stamp>,
    },
    /// It was well when it last ran, and its chain does not run: nobody knows whether it still is.
    WasHealthy,
    /// It asks to be tried again later, again and again.
    Asks {
        /// Since when.
        since: Option<Stamp>,
        /// How often.
        count: u64,
    },
    /// It fails.
    Down {
        /// Since when.
        since: Stamp,
        /// How many runs failed since then.
        failures: u64,
        /// How many asked to be tried again later, if none failed.
        asks: u64,
        /// What the last one said.
        text: String,
        /// When the next reminder is due.
        reminder: Option<Stamp>,
    },
    /// Its run goes on for too long.
    Late {
        /// When it began.
        since: Stamp,
        /// What was made of that, in words.
        text: String,
    },
    /// It is no longer in the chain.
    Gone,
}

/// What is known of now.
#[derive(Debug, Default)]
pub(crate) struct Now {
    /// The chains.
    pub(crate) chains: Vec<ChainNow>,
    /// Why mail does not leave, if it does not.
    pub(crate) mail_trouble: Option<String>,
}

/// What is known of a chain now.
#[derive(Debug)]
pub(crate) struct ChainNow {
    /// Its name.
    pub(crate) name: String,
    /// Whether it runs.
    pub(crate) condition: Condition,
    /// What it does, in words.
    pub(crate) state: String,
    /// The mute of the whole of it, if one holds.
    pub(crate) muted: Option<Mute>,
    /// Its tasks, in order.
    pub(crate) tasks: Vec<TaskNow>,
}

/// What is known of a task now.
#[derive(Debug)]
pub(crate) struct TaskNow {
    /// What it is called on the screen.
    pub(crate) label: String,
    /// How it fares.
    pub(crate) state: TaskState,
    /// Its own mute, if one holds.
    pub(crate) muted: Option<Mute>,
}

/// Somebody's wish that mails are held back, which holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mute {
    /// Until when.
    pub(crate) until: Stamp,
    /// Who wished it.
    pub(crate) by: String,
    /// Why; empty if that was not said.
    pub(crate) reason: String,
    /// How many mails were held back.
    pub(crate) held_back: u64,
}

impl Runs {
    /// Returns how many ended.
    pub(crate) fn all(self) -> u64 {
        self.ok + self.failed + self.other
    }

    /// Returns which share of those that count succeeded; `None` when none counts.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of runs, told to a tenth of a percent"
    )]
    pub(crate) fn share_ok(self) -> Option<f64> {
        let counting = self.ok + self.failed;
        (counting > 0).then(|| self.ok as f64 / counting as f64)
    }

    /// Returns these and those.
    pub(crate) fn and(self, others: Runs) -> Runs {
        Runs {
            ok: self.ok + others.ok,
            failed: self.failed + others.failed,
            other: self.other + others.other,
        }
    }
}

impl Report {
    /// Returns all tasks.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.chains.iter().flat_map(|chain| &chain.tasks)
    }

    /// Returns all runs.
    pub(crate) fn runs(&self) -> Runs {
        let runs = self.tasks().map(|task| task.runs);
        runs.fold(Runs::default(), Runs::and)
    }

    /// Returns how many outages there were, and how long they were together.
    pub(crate) fn outages(&self) -> (u64, Duration) {
        let outages = self.tasks().map(|task| &task.outages);
        outages.fold((0, Duration::ZERO), |(count, long), outages| {
            (count + outages.count, long + outages.long)
        })
    }

    /// Returns how many mails were put into the outbox.
    pub(crate) fn mails(&self) -> u64 {
        let of_tasks: u64 = self.tasks().map(|task| task.mails).sum();
        of_tasks + self.chains.iter().map(|chain| chain.mails).sum::<u64>()
    }

    /// Returns how many tasks are down.
    pub(crate) fn down(&self) -> u64 {
        self.tasks().filter(|task| task.is_down()).count() as u64
    }

    /// Returns how many tasks have a run that goes on for too long, and are not down besides.
    pub(crate) fn late(&self) -> u64 {
        self.tasks().filter(|task| task.is_late()).count() as u64
    }

    /// Returns how many chains do not run.
    pub(crate) fn stopped(&self) -> u64 {
        let is_stopped = |chain: &&Chain| chain.condition == Condition::Stopped;
        self.chains.iter().filter(is_stopped).count() as u64
    }
}

impl TaskState {
    /// Returns that of a task whose outage goes on, as far as the history knows it.
    pub(super) fn of(outage: &Outage) -> Self {
        let text = outage.kinds.first().map(|kind| kind.text.clone());
        TaskState::Down {
            since: outage.since,
            failures: outage.failures,
            asks: 0,
            text: text.unwrap_or_default(),
            reminder: None,
        }
    }

    /// Returns it as it is when the chain does not run.
    pub(super) fn in_a_chain_that(self, condition: Condition) -> Self {
        match (self, condition) {
            (TaskState::Healthy { .. }, Condition::Stopped) => TaskState::WasHealthy,
            (state, _) => state,
        }
    }

    /// Returns it with texts that can be shown.
    pub(super) fn in_our_words(mut self) -> Self {
        if let TaskState::Down { text, .. } | TaskState::Late { text, .. } = &mut self {
            *text = words::theirs(text);
        }
        self
    }
}

impl Mute {
    /// Returns it with texts that can be shown.
    pub(super) fn in_our_words(self) -> Self {
        Mute {
            by: words::name(&self.by),
            reason: words::theirs(&self.reason),
            ..self
        }
    }
}

impl Task {
    /// Returns whether it fails now.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.state, TaskState::Down { .. })
    }

    /// Returns whether its run goes on for too long.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self.state, TaskState::Late { .. })
    }

    /// Returns whether somebody must look after it now.
    pub(crate) fn is_bad(&self) -> bool {
        self.is_down() || self.is_late()
    }
}
