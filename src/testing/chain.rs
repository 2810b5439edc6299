//! A chain of tasks whose mails are foreseen.

use std::time::{Duration, UNIX_EPOCH};

use super::inbox::Inbox;
use super::invalid_chain::InvalidChain;
use super::task::Task;
use crate::alert::fingerprint;
use crate::alert::policy::ChainRules;
use crate::config::defaults::max_mails_per_hour;
use crate::core::settings::Healed;
use crate::core::time::{Moment, Mono};
use crate::redact::Redactor;
use crate::simulate::{Simulation, SimulationLimit, Span};

/// A chain of tasks, each with how its runs end.
#[derive(Clone, Debug)]
pub struct Chain {
    tasks: Vec<Task>,
    rules: ChainRules,
    mute: Option<String>,
}

impl Chain {
    /// Makes a chain of tasks in their order. A name stands for the [registered](Task::registered)
    /// function of that name.
    pub fn of<T: Into<Task>>(tasks: impl IntoIterator<Item = T>) -> Self {
        Chain {
            tasks: tasks.into_iter().map(Into::into).collect(),
            rules: ChainRules {
                max_per_hour: max_mails_per_hour(),
                healed: Healed::Never,
            },
            mute: None,
        }
    }

    /// Sets how many mails of first and new failures leave in an hour, as `max_per_hour` in
    /// `[mail]`. 20 by default.
    #[must_use]
    pub fn max_per_hour(mut self, mails: u32) -> Self {
        self.rules.max_per_hour = mails;
        self
    }

    /// Has the end of a downtime mailed, as `healed = "after-downtime"` in `[mail]`: once the task
    /// has been well for a 24th of its downtime, so let some runs succeed at the end.
    #[must_use]
    pub fn tells_when_healed(mut self) -> Self {
        self.rules.healed = Healed::AfterDowntime;
        self
    }

    /// Holds its mails back between these two times after the start, as `run_functions mute` does.
    ///
    /// ```
    /// # use run_functions::testing::{Chain, Task};
    /// let sync = Task::named("tasks::sync").fails_for("4h");
    /// let inbox = Chain::of([sync]).muted("0s", "3h").inbox()?;
    /// assert_eq!(inbox.lines(), ["3h [tasks::sync] First exception caught: it fails"]);
    /// # Ok::<(), run_functions::testing::InvalidChain>(())
    /// ```
    #[must_use]
    pub fn muted(mut self, from: &str, until: &str) -> Self {
        self.mute = Some(format!("{from}..{until}"));
        self
    }

    /// Runs the chain in virtual time until every task is at the end of its script, the
    /// last cooldown included, and returns the mails of that time.
    ///
    /// # Errors
    ///
    /// When there is no task; when a name is invalid, or that of no registered function; when a
    /// duration or a list of outcomes cannot be read; after a million runs or ten thousand mails.
    /// The message names it, and what to write instead.
    pub fn inbox(self) -> Result<Inbox, InvalidChain> {
        if self.tasks.is_empty() {
            return Err(InvalidChain::new("a chain has at least one task"));
        }
        let tasks = self.tasks.into_iter().map(Task::simulated);
        let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = tasks
            .iter()
            .map(|task| task.rules.name.to_string())
            .collect();
        let mute = self.mute.as_deref().map(Span::parse).transpose();
        let mute = mute.map_err(|error| InvalidChain::new(format!("`muted`: {error}")))?;
        let start = start();
        let foreseen = Simulation {
            tasks,
            rules: self.rules,
            kind_of: fingerprint::of,
            redactor: Redactor::default(),
            start,
            mute,
        }
        .run();
        match foreseen.limit {
            None => Ok(Inbox::of(foreseen, &names, start)),
            Some(SimulationLimit::Runs) => Err(InvalidChain::new(
                "a million runs are too many to be foreseen; use longer cooldowns, or a shorter time",
            )),
            Some(SimulationLimit::Mails) => Err(InvalidChain::new(
                "ten thousand mails are too many to be foreseen; use a longer `non_recoverable_downtime`, or a shorter time",
            )),
        }
    }
}

/// Any moment does; the same each time, so that tests are.
fn start() -> Moment {
    const DAY: Duration = Duration::from_secs(86_400);
    Moment {
        mono: Mono::BOOT + DAY,
        wall: UNIX_EPOCH + DAY * 20_000,
    }
}

#[cfg(test)]
mod tests;
