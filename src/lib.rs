//! Keeps a chain of tasks running for ever, and mails only what is new.

// The attribute names this crate; inside it, the crate must be able to name itself.
extern crate self as run_functions;

mod alert;
mod chain;
mod cli;
mod config;
mod event;
mod exit;
mod failure;
mod hash;
mod history;
mod letter;
mod logging;
pub mod mail;
mod process;
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

    /// Reads both clocks.
    pub fn now() -> Moment {
        crate::process::clock::now()
    }

    /// Makes a file stand for our own executable.
    pub fn pin_own_program_to(path: &Path) -> io::Result<()> {
        crate::process::own_program::pin_to(path)
    }
}
