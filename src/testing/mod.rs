//! Which mails would be sent, and when: for the unit tests of people who write tasks.
//!
//! The chain, the cooldowns and the alert policy are those of a runner; only time is virtual, so that a weekend takes no time. Nothing is
//! sent, nothing is written.
//!
//! ```
//! use run_functions::testing::{Chain, Task};
//!
//! let backup = Task::named("tasks::backup").non_recoverable_downtime("6h").fails_for("14h");
//! let inbox = Chain::of([backup]).inbox()?;
//! assert_eq!(inbox.lines(), [
//!     "0s [tasks::backup] First exception caught: it fails",
//!     "6h [tasks::backup] Non recoverable downtime reached",
//!     "12h [tasks::backup] Non recoverable downtime reached again",
//! ]);
//! # Ok::<(), run_functions::testing::InvalidChain>(())
//! ```
//!
//! A registered function brings the settings of its attribute along, and can really be called:
//!
//! ```standalone_crate
//! mod tasks {
//!     use std::sync::atomic::{AtomicU32, Ordering};
//!     static RUNS: AtomicU32 = AtomicU32::new(0);
//!
//!     #[run_functions::task(fail_cooldown = "10m")]
//!     fn import() -> Result<(), String> {
//!         match RUNS.fetch_add(1, Ordering::Relaxed) {
//!             0 | 1 => Err("no route to host".to_owned()),
//!             run => Err(format!("order {run} has no address")),
//!         }
//!     }
//! }
//! use run_functions::testing::{Chain, Task, run_once};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let inbox = Chain::of([Task::registered("tasks::import").called(5)]).inbox()?;
//!     assert_eq!(inbox.lines(), [
//!         "0s [tasks::import] First exception caught: no route to host",
//!         "20m [tasks::import] New exception caught: order 2 has no address",
//!     ]);
//!     let error = run_once("tasks::import").unwrap_err();
//!     assert_eq!(error.to_string(), "order 5 has no address");
//!     Ok(())
//! }
//! ```
//!
//! What is not here: the settings of a configuration file (`run_functions simulate` foresees with those of a machine), and how mail
//! leaves (`run_functions mail test`).

mod call;
mod inbox;
mod task;

use std::error::Error;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use crate::alert::fingerprint;
use crate::alert::policy::ChainRules;
use crate::alert::redact::Redactor;
use crate::settings::Healed;
use crate::simulate::{Limit, Simulation, Span};
use crate::time::{Moment, Mono};

pub use call::{RunError, run_once};
pub use inbox::{Inbox, Mail};
pub use task::Task;

/// As `mail.max_per_hour` where nothing is written.
const MAX_PER_HOUR: u32 = 20;

/// A chain of tasks, each with how its runs end.
#[derive(Clone, Debug)]
pub struct Chain {
    tasks: Vec<Task>,
    rules: ChainRules,
    mute: Option<String>,
}

impl Chain {
    /// Makes a chain of tasks in their order. A name stands for the [registered](Task::registered) function of that name.
    pub fn of<T: Into<Task>>(tasks: impl IntoIterator<Item = T>) -> Self {
        Chain {
            tasks: tasks.into_iter().map(Into::into).collect(),
            rules: ChainRules {
                max_per_hour: MAX_PER_HOUR,
                healed: Healed::Never,
            },
            mute: None,
        }
    }

    /// Sets how many mails of first and new failures leave in an hour, as `max_per_hour` in `[mail]`. 20 if not said.
    #[must_use]
    pub fn max_per_hour(mut self, mails: u32) -> Self {
        self.rules.max_per_hour = mails;
        self
    }

    /// Has the end of a downtime mailed, as `healed = "after-downtime"` in `[mail]`.
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

    /// Runs the chain in virtual time until every task is at the end of what was said of it, the last cooldown included, and returns
    /// the mails of that time.
    ///
    /// # Errors
    ///
    /// When there is no task; when a name is none, or that of no registered function; when a duration or a list of outcomes cannot be
    /// read; after a million runs or ten thousand mails. The message says which, and what to write instead.
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
            Some(Limit::Runs) => Err(InvalidChain::new(
                "a million runs are too many to be foreseen; use longer cooldowns, or a shorter time",
            )),
            Some(Limit::Mails) => Err(InvalidChain::new(
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

/// A chain that cannot be: why, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidChain {
    why: String,
}

impl InvalidChain {
    fn new(why: impl Into<String>) -> Self {
        InvalidChain { why: why.into() }
    }
}

impl fmt::Display for InvalidChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for InvalidChain {}

#[cfg(test)]
mod tests;
