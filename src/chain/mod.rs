//! The chain: which task runs next, and when. Pure: no I/O, no clock, no log; time is an argument.

mod name;

use std::time::Duration;

use crate::core::event::TaskIndex;
use crate::core::settings::TaskSettings;
use crate::core::time::Mono;

pub use name::ChainName;

/// What keeps a chain without cooldowns from spinning: the least pause after a failure, and the
/// least time from one start of a task to its next where no pause is set.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// The pauses of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cooldowns {
    /// After a success, or a run that is to be tried again later.
    pub success: Duration,
    /// After a failure.
    pub fail: Duration,
    /// The time from the start of a run that did not fail to the next start of the task.
    pub every: Option<Duration>,
}

impl Cooldowns {
    /// Returns the longest time that a task whose pauses these are may wait for `next`.
    pub(crate) fn longest_before(&self, next: &Cooldowns) -> Duration {
        let every = next.every.unwrap_or_default();
        self.success.max(self.fail).max(every)
    }
}

impl From<&TaskSettings> for Cooldowns {
    /// Returns the pauses that the settings of a task say.
    fn from(settings: &TaskSettings) -> Self {
        Cooldowns {
            success: settings.success_cooldown,
            fail: settings.fail_cooldown,
            every: settings.every,
        }
    }
}

/// What the chain learns of the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunVerdict {
    /// A success, or neither success nor failure.
    Fine,
    /// A failure.
    Failed,
    /// A failure after which the runner is to stop.
    Fatal,
}

/// When a run began and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunSpan {
    /// Its first moment.
    pub(crate) started: Mono,
    /// Its last.
    pub(crate) ended: Mono,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Run this task.
    Run(TaskIndex),
    /// Nothing until then.
    WaitUntil(Mono),
    /// The chain has ended.
    Stop,
}

/// An ordered set of tasks that is repeated, one after the other, with a cooldown after each run.
#[derive(Clone, Debug)]
pub(crate) struct TaskCycle {
    steps: Vec<Cooldowns>,
    /// Before when each task does not start again; what a former runner started is not known.
    earliest: Vec<Mono>,
    next: TaskIndex,
    due: Mono,
    ended: bool,
}

impl TaskCycle {
    /// Makes a chain that starts at once with its first task.
    ///
    /// # Panics
    ///
    /// When there is no task.
    pub(crate) fn new(steps: Vec<Cooldowns>) -> Self {
        assert!(!steps.is_empty(), "a chain has at least one task");
        TaskCycle {
            earliest: vec![Mono::BOOT; steps.len()],
            steps,
            next: 0,
            due: Mono::BOOT,
            ended: false,
        }
    }

    /// Makes a chain that goes on where a former runner was: at `next`, not before `due`. A step
    /// that is not there is the first.
    pub(crate) fn resumed(steps: Vec<Cooldowns>, next: TaskIndex, due: Mono) -> Self {
        let mut chain = TaskCycle::new(steps);
        chain.go_to(next, due);
        chain
    }

    /// Returns what is to be done at `now`. Asking changes nothing.
    pub(crate) fn next(&self, now: Mono) -> Next {
        if self.ended {
            Next::Stop
        } else if now < self.due {
            Next::WaitUntil(self.due)
        } else {
            Next::Run(self.next)
        }
    }

    /// Takes note of a run of `step`; its cooldown begins, then the task after it is due.
    pub(crate) fn record(&mut self, step: TaskIndex, verdict: RunVerdict, run: RunSpan) {
        let Cooldowns {
            success,
            fail,
            every,
        } = self.steps[step];
        let has_failed = verdict != RunVerdict::Fine;
        let pause = match has_failed {
            false => success,
            true if self.never_pauses() => LEAST_PAUSE,
            true => fail,
        };
        // A failure is tried again after its own pause, however long the interval is.
        let every = every.filter(|_| !has_failed).unwrap_or_default();
        let least = match pause.is_zero() {
            true => LEAST_PAUSE,
            false => Duration::ZERO,
        };
        self.earliest[step] = run.started + every.max(least);
        self.next = (step + 1) % self.steps.len();
        self.due = (run.ended + pause).max(self.earliest[self.next]);
        self.ended |= verdict == RunVerdict::Fatal;
    }

    /// Skips the rest of the cooldown.
    pub(crate) fn wake(&mut self, now: Mono) {
        self.due = self.due.min(now);
    }

    /// Moves to the place at which another runner of this chain left it: `next`, not before `due`.
    /// A task that is not there is the first.
    pub(crate) fn go_to(&mut self, next: TaskIndex, due: Mono) {
        self.next = if next < self.steps.len() { next } else { 0 };
        self.due = due;
    }

    /// Returns the task that is next, and when it is due.
    pub(crate) fn upcoming(&self) -> (TaskIndex, Mono) {
        (self.next, self.due)
    }

    /// Returns the task before that one, whose cooldown it waits for.
    pub(crate) fn former(&self) -> TaskIndex {
        (self.next + self.steps.len() - 1) % self.steps.len()
    }

    fn never_pauses(&self) -> bool {
        self.steps
            .iter()
            .all(|step| step.success.is_zero() && step.fail.is_zero())
    }
}

pub(crate) mod drive;
#[cfg(test)]
mod tests;
