//! Keeps a chain of tasks running for ever, and mails only what is new.
//!
//! # The problem
//!
//! Something is to be done again and again on a machine: mail to be sent, orders to be imported, a
//! backup to be checked. A line for cron starts a second copy while the first hangs, mails every
//! failure or none, and knows no yesterday. A daemon of one's own needs pidfiles, signals,
//! upgrades, a log, and an eye on whether it is dead.
//!
//! `run_functions tasks::send_mail tasks::retry_deferred` runs these **tasks** one after the other,
//! with a **cooldown** after each success and each failure, until it is stopped. Starting the same
//! **chain** again replaces its runner, which is how code is upgraded. The admin is mailed at the
//! first failure, at each *new* failure, and each time a task has been down for too long; never
//! otherwise, so that silence can be trusted.
//!
//! # Anatomy
//!
//! | for whom | what |
//! |---|---|
//! | you write Rust | the attribute [`macro@task`], [`main!`], [`guide::functions`], [`Context`], and [`TaskError`] when a failure has more to say |
//! | you write jobs in Rust | the attribute [`macro@job`], [`jobs`], [`guide::jobs`] |
//! | you write commands | `run_functions.toml`: [`guide::configuration`], [`guide::environment`] |
//! | you get the mails | [`guide::alerts`], `simulate`, `check --explain-kind` |
//! | you look after the machine | [`guide::operations`], [`guide::errors`], [`guide::metrics`], `service print`, `status`, `stop`, `wake`, `history`, `report`, `logs` |
//! | you come from cron, supervisord, Celery beat | `import`, [`guide::migrating`] |
//! | you want to know before | [`guide::limitations`], [`guide::security`] |
//! | a chain runs on several hosts | [`guide::lock`], [`lock`] |
//! | your tasks send mail to others | [`mail`]: the queue behind the two tasks of the stock binary |
//! | you want to be sure | [`testing`]: which mails your task would bring, and what becomes of your job, as a unit test |
//!
//! It is synchronous: threads and child processes, no async runtime, no listening socket.
//! [`guide::tutorial`] is the way in.
//!
//! # Features
//!
//! All are on by default. A program with `default-features = false` runs its chain
//! (`my_program my_program::send_report`), is replaced by a newcomer, stops on a signal, and mails
//! by a local program or into files. The stock binary has the commands for that chain: both read
//! the same files.
//!
//! | feature | what it brings | crates for it | what is refused without it |
//! |---|---|---|---|
//! | `cli` | the commands, screens, completions, manual pages; jobs in Rust | clap | each command |
//! | `board-http` | the board of jobs behind a server | ureq, rustls, rusqlite | `[board]` with `https://…` |
//! | `board-postgres` | the board of jobs in PostgreSQL | tokio-postgres, rustls | `[board]` with an address of PostgreSQL |
//! | `board-sqlite` | the board of jobs in a SQLite file | rusqlite (SQLite, compiled in) | jobs |
//! | `lock-consul` | a lock in Consul | ureq, rustls | `backend = "consul"` |
//! | `lock-postgres` | a lock in PostgreSQL | tokio-postgres, rustls | `backend = "postgres"` |
//! | `server` (with `cli`) | the board over HTTP: `serve` | axum, hyper, tokio-rustls, rusqlite, maud, schemars | `serve` |
//! | `metrics-push` | metrics pushed to InfluxDB | ureq, rustls | `[metrics_push]` |
//! | `smtp` | delivery to a mail server | rustls | `transport = "smtp"` |
//! | `ping` | URLs that are requested by a run | ureq, rustls | `ping` of a task |
//! | `report-html` (with `cli`) | the page of the report | maud | `report --html` |
//! | `import` (with `cli`) | crontabs, supervisord | | `import` |
//!
//! A refused command ends with 2, a refused configuration with 78; the message names the feature
//! and the command that adds it.
//!
//! # Limitations
//!
//! - Linux only, 5.4 or newer; `run_root` on a local disk. Two machines that run the same chain
//!   know of each other only where `[lock]` is set: [`guide::lock`].
//! - A chain is sequential: a long run, or the cooldown of one task, delays the next one. What must
//!   not wait belongs in a chain of its own.
//! - Nothing happens at a time of day: a cooldown begins when a run ends.
//! - A function runs inside the runner, where it cannot be ended: a hang is mailed, not mended.
//!   `timeout` or `isolate` give it a process of its own, in which everything that the program does
//!   before [`main()`] is done again.
//! - With `panic = "abort"`, or when a task panics while it unwinds, a task that is not isolated
//!   takes the runner with it.
//! - A crate of tasks that nothing refers to is left out by the linker: `use my_tasks as _;`.
//! - Whether two failures are "the same" is decided by their normalised text. That can be wrong;
//!   [`TaskError::kind`] decides by hand.
//! - Redaction of secrets goes by the names and forms that they usually have. A password printed as
//!   a bare word is mailed as one.
//! - When the runner itself is dead and nothing restarts it, nobody mails that: have systemd
//!   restart it, and something else look at `status`.
//! - Before 1.0 a minor version may change what is public here. Files that a release has written
//!   are read by every later one.
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
//! In the crate `my_program` this is the task `my_program::send_report`, and
//! `my_program my_program::send_report` runs it until it is stopped. Its first failure is a mail,
//! or, as long as nobody has said to whom, a file in `run/mail` that the log names.

// What is left out by a `mod` line leaves items without a reader in the rooms below.
#![cfg_attr(
    not(all(
        feature = "board-postgres",
        feature = "board-sqlite",
        feature = "cli",
        feature = "import",
        feature = "lock-consul",
        feature = "lock-postgres",
        feature = "metrics-push",
        feature = "ping",
        feature = "report-html",
        feature = "server",
        feature = "smtp"
    )),
    expect(dead_code, reason = "only whole modules are left out")
)]
#![cfg_attr(
    not(feature = "cli"),
    expect(unused_imports, reason = "only whole modules are left out")
)]

// Where to begin reading: `src/runner/mod.rs` has the files of a run in order, from `main` to a
// mail.

// The attribute names this crate; inside it, the crate must be able to name itself.
extern crate self as run_functions;

#[cfg(not(target_os = "linux"))]
compile_error!("run_functions runs on Linux alone: it stands on pidfds, signalfds and /proc");

mod alert;
mod board;
mod chain;
mod cli;
mod config;
mod core;
mod flow;
pub mod guide;
mod history;
#[cfg(feature = "import")]
mod import;
#[cfg(feature = "cli")]
mod init;
#[expect(
    unused_imports,
    reason = "errors are named where they are handled one by one"
)]
mod job;
#[cfg(feature = "cli")]
pub mod jobs;
mod lease;
mod liveness;
pub mod lock;
mod logging;
pub mod mail;
mod metrics;
mod metrics_push;
mod mute;
mod notify;
mod ping;
mod plan;
#[cfg(any(feature = "board-postgres", feature = "lock-postgres"))]
mod postgres;
mod redact;
#[cfg(feature = "cli")]
mod report;
mod runner;
#[cfg(feature = "cli")]
mod runs;
mod schedule;
#[cfg(feature = "server")]
mod server;
mod service;
mod simulate;
mod spool;
mod state;
mod status;
#[cfg(feature = "cli")]
mod systemd;
mod task;
pub mod testing;
mod text;
mod unix;
mod worker;

pub use cli::{main, main_from};
pub use core::own_metric::InvalidMetric;
#[cfg(feature = "cli")]
#[doc = include_str!("job/attribute.md")]
pub use run_functions_macros::job;
#[doc = include_str!("task/attribute.md")]
pub use run_functions_macros::task;
pub use task::{Context, InvalidName, SettingsError, TaskError, TaskName};

/// Registers a backend for locks whose URL has this scheme: `--lock etcd://…`, and
/// `backend = "etcd"` in `[lock]`.
///
/// ```
/// use run_functions::lock::{Lock, LockError, LockSettings, MemoryLocks};
///
/// fn open(settings: &LockSettings, name: &str) -> Result<Box<dyn Lock>, LockError> {
///     Ok(Box::new(MemoryLocks::with_ttl(settings.ttl).open(name)))
/// }
/// run_functions::lock_backend!("memory", open);
///
/// let settings = LockSettings::of_url("memory://here").unwrap();
/// let lock = run_functions::lock::open(&settings, "nightly").unwrap();
/// assert!(lock.place().ends_with("nightly"));
/// ```
#[macro_export]
macro_rules! lock_backend {
    ($scheme:literal, $open:path) => {
        $crate::__private::inventory::submit! {
            $crate::lock::LockBackend { scheme: $scheme, open: $open }
        }
    };
}

/// Writes the `main` of a program, and hands the name and the version of its package over: they
/// stand in `--version`, `--help`, completions, manual pages, mails and state.
///
/// Without it, with [`main()`] alone, the name is that by which the program was called, and the
/// version that of the package of its tasks, where these are in the crate of the program itself.
///
/// ```
/// run_functions::main!();
/// ```
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            let name = ::core::option_env!("CARGO_BIN_NAME");
            let name = name.unwrap_or(::core::env!("CARGO_PKG_NAME"));
            $crate::__private::main_of(name, ::core::env!("CARGO_PKG_VERSION"))
        }
    };
}

/// The code blocks of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the attribute expands to. Not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::cli::main_of;
    pub use crate::flow::definition::{Interrupted, OnFailure};
    #[cfg(feature = "cli")]
    pub use crate::job::functions::{
        FirstInputs, NextInput, RevertInput, StepFailure, StepInputs, call_step, check_arguments,
        define_job,
    };
    pub use crate::job::{
        DraftedJob, JobOption, JobRegistration, StepCall, StepReply, StepSurroundings,
        registered_jobs,
    };
    pub use crate::task::{
        Attributes, IntoReport, Registration, Report, SettingsCheck, SettingsFault, TaskFunction,
        WrittenSettings, check_settings, registered,
    };
    pub use inventory;
    pub use std::time::Duration;
}

/// What tests and benches of the parts need. Not for people.
#[doc(hidden)]
pub mod __internal {
    use std::io;
    use std::path::Path;

    pub use crate::board::measured as board;
    pub use crate::chain::ChainName;
    pub use crate::core::event::RunId;
    pub use crate::core::failure::{Failure, FailureClass, Outcome, Output};
    pub use crate::core::settings::{ChildSettings, IoNice, Leak, LogOutput, Program};
    pub use crate::core::time::{Moment, Mono};
    pub use crate::history::measured as history;
    pub use crate::unix::child;
    pub use crate::unix::keeper;

    /// Returns the normal form of a message.
    pub fn normal_form(text: &str) -> String {
        crate::alert::fingerprint::normalise(text)
    }

    /// Reads both clocks.
    pub fn now() -> Moment {
        crate::unix::clock::now()
    }

    /// Makes a file stand for our own executable.
    pub fn pin_own_program_to(path: &Path) -> io::Result<()> {
        crate::unix::self_exe::pin_to(path)
    }
}
