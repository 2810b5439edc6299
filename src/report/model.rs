//! The content of a report, before it is drawn.

use std::time::Duration;

use super::durations::Durations;
use super::outages::{Outages, ReportedOutage};
use super::period::Period;
use super::untrusted;
use crate::history::Stamp;

/// The whole.
#[derive(Debug)]
pub(crate) struct HistoryReport {
    /// Of which machine.
    pub(crate) host: String,
    /// What it was written by.
    pub(crate) program: String,
    /// The time that it is about.
    pub(crate) period: Period,
    /// The chains, by name.
    pub(crate) chains: Vec<ChainReport>,
    /// The schedules of the board, by name.
    pub(crate) schedules: Vec<ScheduleNow>,
    /// Why mail does not leave, if it does not.
    pub(crate) mail_trouble: Option<String>,
}

/// How a schedule stands now.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleNow {
    /// Its name.
    pub(crate) name: String,
    /// When it posts next, or since when it is paused, in words.
    pub(crate) state: String,
    /// Whether it is paused because its jobs failed.
    pub(crate) is_given_up: bool,
}

/// A chain.
#[derive(Debug)]
pub(crate) struct ChainReport {
    /// Its name.
    pub(crate) name: String,
    /// Whether it runs.
    pub(crate) condition: Condition,
    /// What it does, in words.
    pub(crate) state: String,
    /// The mute of the whole of it, if one holds.
    pub(crate) muted: Option<MuteReport>,
    /// Its tasks, in order; those that are no longer in it come last.
    pub(crate) tasks: Vec<TaskReport>,
    /// How many mails were about no task of it alone.
    pub(crate) mails: u64,
}

/// Whether a chain runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The chain runs.
    Runs,
    /// The chain does not run.
    Stopped,
    /// The user of this process may not know.
    Hidden,
}

/// A task.
#[derive(Debug)]
pub(crate) struct TaskReport {
    /// What it is called on the screen.
    pub(crate) label: String,
    /// How it fares.
    pub(crate) state: TaskState,
    /// Its own mute, if one holds.
    pub(crate) muted: Option<MuteReport>,
    /// Its runs of the period.
    pub(crate) runs: RunCounts,
    /// How it fared day by day.
    pub(crate) days: Vec<DayReport>,
    /// How long its runs took.
    pub(crate) durations: Durations,
    /// When it was down.
    pub(crate) outages: Outages,
    /// How many mails were about it.
    pub(crate) mails: u64,
}

/// How many runs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunCounts {
    /// Did what they were for.
    pub(crate) ok: u64,
    /// Failed.
    pub(crate) failed: u64,
    /// Neither: they asked to be tried again, or were interrupted.
    pub(crate) other: u64,
}

/// A day of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayReport {
    /// Its runs.
    pub(crate) runs: RunCounts,
    /// Whether an outage was under way.
    pub(crate) is_down: bool,
}

/// How a task fares now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// No run has ended yet, or none shows whether it is well.
    #[default]
    Unknown,
    /// The task is well.
    Healthy {
        /// Since when.
        since: Option<Stamp>,
    },
    /// The task was well when it last ran, and its chain does not run: it is unknown whether it
    /// still is.
    WasHealthy,
    /// The task asks to be tried again later, again and again.
    Asks {
        /// Since when.
        since: Option<Stamp>,
        /// How often.
        count: u64,
    },
    /// The task fails.
    Down {
        /// Since when.
        since: Stamp,
        /// How many runs failed since then.
        failures: u64,
        /// How many asked to be tried again later, if none failed.
        asks: u64,
        /// The text of the last failure.
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
    /// The task is no longer in the chain.
    Gone,
}

/// What is known of now.
#[derive(Debug, Default)]
pub(crate) struct CurrentState {
    /// The chains.
    pub(crate) chains: Vec<ChainNow>,
    /// The schedules of the board, by name.
    pub(crate) schedules: Vec<ScheduleNow>,
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
    pub(crate) muted: Option<MuteReport>,
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
    pub(crate) muted: Option<MuteReport>,
}

/// A mute that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MuteReport {
    /// Until when.
    pub(crate) until: Stamp,
    /// The user that asked for the mute.
    pub(crate) by: String,
    /// The reason; empty if none was given.
    pub(crate) reason: String,
    /// How many mails were held back.
    pub(crate) held_back: u64,
}

impl RunCounts {
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
    pub(crate) fn and(self, others: RunCounts) -> RunCounts {
        RunCounts {
            ok: self.ok + others.ok,
            failed: self.failed + others.failed,
            other: self.other + others.other,
        }
    }
}

impl HistoryReport {
    /// Returns all tasks.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &TaskReport> {
        self.chains.iter().flat_map(|chain| &chain.tasks)
    }

    /// Returns all runs.
    pub(crate) fn runs(&self) -> RunCounts {
        let runs = self.tasks().map(|task| task.runs);
        runs.fold(RunCounts::default(), RunCounts::and)
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
        let is_stopped = |chain: &&ChainReport| chain.condition == Condition::Stopped;
        self.chains.iter().filter(is_stopped).count() as u64
    }
}

impl TaskState {
    /// Returns that of a task whose outage goes on, as far as the history knows it.
    pub(super) fn of(outage: &ReportedOutage) -> Self {
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
            *text = untrusted::theirs(text);
        }
        self
    }
}

impl MuteReport {
    /// Returns it with texts that can be shown.
    pub(super) fn in_our_words(self) -> Self {
        MuteReport {
            by: untrusted::name(&self.by),
            reason: untrusted::theirs(&self.reason),
            ..self
        }
    }
}

impl TaskReport {
    /// Returns whether it fails now.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.state, TaskState::Down { .. })
    }

    /// Returns whether its run goes on for too long.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self.state, TaskState::Late { .. })
    }

    /// Returns whether the task needs attention now.
    pub(crate) fn is_bad(&self) -> bool {
        self.is_down() || self.is_late()
    }
}
