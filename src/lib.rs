//! Keeps a chain of tasks running for ever, and mails only what is new.
//!
//! # The problem
//!
//! Something is to be done again and again on a machine: mail to be sent, orders to be imported, a backup to be checked. A line for cron starts a second copy while the first
//! hangs, mails every failure or none, and knows no yesterday. A daemon of one's own needs pidfiles, signals, upgrades, a log, and somebody who notices that it is dead.
//!
//! `run_functions tasks::send_mail tasks::retry_deferred` runs these **tasks** one after the other, with a **cooldown** after each success and each failure, until it is
//! stopped. Starting the same **chain** again replaces its runner, which is how code is upgraded. The admin is mailed at the first failure, at each *new* failure, and each
//! time a task has been down for too long; never otherwise, so that silence can be trusted.
//!
//! # Anatomy
//!
//! | for whom | what |
//! |---|---|
//! | you write Rust | the attribute [`macro@task`], [`main()`], and [`TaskError`] when a failure has more to say |
//! | you write commands | `run_functions.toml`: [`guide::configuration`], [`guide::environment`] |
//! | you get the mails | [`guide::alerts`], `simulate`, `check --explain-kind` |
//! | you look after the machine | [`guide::operations`], [`guide::errors`], [`guide::metrics`], `service print`, `status`, `stop`, `wake`, `history`, `report`, `logs` |
//! | you come from cron, supervisord, Celery beat | `import`, [`guide::migrating`] |
//! | you want to know before | [`guide::limitations`], [`guide::security`] |
//! | your tasks send mail to others | [`mail`]: the queue behind the two tasks of the stock binary |
//! | you want to be sure | [`testing`]: which mails your task would bring, as a unit test |
//!
//! It is synchronous: threads and child processes, no async runtime, no listening socket. [`guide::tutorial`] is the way in.
//!
//! # Limitations
//!
//! - Linux only, 5.4 or newer; `run_root` on a local disk. One machine: two that run the same chain know nothing of each other.
//! - A chain is sequential: a long run, or the cooldown of one task, delays the next one. What must not wait belongs in a chain of its own.
//! - Nothing happens at a time of day: a cooldown begins when a run ends.
//! - A function runs inside the runner, where it cannot be ended: a hang is mailed, not mended. `timeout` or `isolate` give it a process of its own, in which everything
//!   that the program does before [`main()`] is done again.
//! - With `panic = "abort"`, or when a task panics while it unwinds, a task that is not isolated takes the runner with it.
//! - A crate of tasks that nothing refers to is left out by the linker: `use my_tasks as _;`.
//! - Whether two failures are "the same" is decided by their normalised text. That can be wrong; [`TaskError::kind`] decides by hand.
//! - Redaction of secrets goes by the names and forms that they usually have. A password printed as a bare word is mailed as one.
//! - When the runner itself is dead and nothing restarts it, nobody mails that: have systemd restart it, and something else look at `status`.
//! - Before 1.0 a minor version may change what is public here. Files that a release has written are read by every later one.
//!
//! # Example
//!
//! ```no_run
//! /// Sends the report of this morning.
//! #[run_functions::task(success_cooldown = "1day", fail_cooldown = "30m")]
//! fn send_report() -> Result<(), std::io::Error> {
//!     let report = std::fs::read_to_string("morning_report.txt")?;
//!     std::fs::write("sent_report.txt", report)
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     run_functions::main()
//! }
//! ```
//!
//! In the crate `my_program` this is the task `my_program::send_report`, and `my_program my_program::send_report` runs it until it is stopped. Its first failure is
//! a mail, or, as long as nobody has said to whom, a file in `run/mail` that the log names.

// The attribute names this crate; inside it, the crate must be able to name itself.
extern crate self as run_functions;

mod alert;
mod chain;
mod cli;
mod config;
mod event;
mod exit;
mod failure;
pub mod guide;
mod hash;
mod history;
mod import;
mod letter;
mod logging;
pub mod mail;
mod metrics;
mod process;
mod report;
mod runner;
mod settings;
mod simulate;
mod state;
mod task;
pub mod testing;
mod time;

pub use cli::main;
#[doc = include_str!("task/attribute.md")]
pub use run_functions_macros::task;
pub use task::{InvalidName, TaskError, TaskName};

/// The code blocks of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the attribute expands to. Not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::task::{Attributes, IntoReport, Registration, Report, registered};
    pub use inventory;
    pub use std::time::Duration;
}

/// What tests and benches of the parts need. Not for people.
#[doc(hidden)]
pub mod __internal {
    use std::io;
    use std::path::Path;

    pub use crate::chain::ChainName;
    pub use crate::event::RunId;
    pub use crate::failure::{Failure, FailureClass, Outcome, Output};
    pub use crate::history::measured as history;
    pub use crate::process::child;
    pub use crate::settings::{ChildSettings, IoNice, Leak, LogOutput, Program};
    pub use crate::time::{Moment, Mono};

    /// Returns the normal form of a message.
    pub fn normal_form(text: &str) -> String {
        crate::alert::fingerprint::normalise(text)
    }

    /// Reads both clocks.
    pub fn now() -> Moment {
        crate::process::clock::now()
    }

    /// Makes a file stand for our own executable.
    pub fn pin_own_program_to(path: &Path) -> io::Result<()> {
        crate::process::own_program::pin_to(path)
    }
}
