//! Child processes that never get away: commands, scripts and isolated functions.
//!
//! A [`Run`] starts our own executable, the launcher, which prepares itself and becomes the program (or calls the function). The runner
//! waits for it in its one loop:
//!
//! ```text
//! Run::start ──► loop { wait for run.source() until run.due(); run.step(now) } ──► Ended
//!                          run.terminate(now), run.kill(now) at any time
//! ```
//!
//! Nothing here sleeps or blocks. The run ends when its process does, whoever still holds its pipe; what it leaves behind is ended (or, if
//! the settings say so, left alone) before [`Ended`] is there.
//!
//! Limits. A process that sits in an uninterruptible system call (state D) cannot be ended by anybody: the run is given up after 5 s and
//! [`Ended::unkillable`] names it. A fork bomb in sessions of its own can outrun the sweep; a delegated cgroup (v2) cannot be outrun. A
//! set-user-ID program undoes `PR_SET_PDEATHSIG`: when the runner is killed with -9 it lives on, and the in-flight lock shows it. Who closes
//! that lock's descriptor *and* leaves the group (a daemon that closes all it has) is ended with its run, but found by a new runner, when the
//! old one was killed with -9, only where runs have cgroups.

mod run;
mod spawn;

mod capture;
mod cgroup;
mod outcome;
mod reading;
mod refusal;

mod environment;
mod orders;
pub mod report;

mod account;
mod descriptors;
mod early;
mod function;
mod launcher;
mod limits;
mod program;
mod shebang;

pub(crate) mod ansi;
pub(crate) mod descendants;
pub(crate) mod sweep;
mod sys;
mod table;

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::chain::ChainName;
use crate::event::RunId;
use crate::failure::{Outcome, Output};
use crate::settings::{ChildSettings, Program};
use crate::task::TaskName;

pub(crate) use account::{find_group, find_user};
pub use capture::Capture;
pub(crate) use cgroup::end_leftovers;
pub(crate) use launcher::launch;
pub use orders::IN_FLIGHT_FD;
pub use program::{DEFAULT_PATH, candidates, misread};
pub use run::Run;
pub use shebang::{Shebang, ShebangError};

/// What is to be run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Spec<'a> {
    /// The program or the function.
    pub what: What<'a>,
    /// What surrounds it.
    pub settings: &'a ChildSettings,
    /// How long it may take; `None`: for ever.
    pub timeout: Option<Duration>,
    /// The chain that it belongs to.
    pub chain: &'a ChainName,
    /// The task.
    pub task: &'a TaskName,
    /// The run.
    pub run: RunId,
    /// The names of environment variables that hold secrets of the runner.
    pub secrets: &'a [String],
    /// The in-flight lock: every process of the run inherits it under [`IN_FLIGHT_FD`], unless `leak` lets processes outlive it.
    pub in_flight: Option<BorrowedFd<'a>>,
    /// What a function is to find in its process as in the runner's: opaque text, which `main` unpacks there.
    pub luggage: Option<&'a str>,
    /// A directory of ours for the run's report file; that for temporary files if not given.
    pub scratch: Option<&'a Path>,
}

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// A command or a script.
    Program(&'a Program),
    /// A registered function, in a process of its own.
    Function(&'a TaskName),
}

/// The end of a run.
#[derive(Debug)]
pub struct Ended {
    /// How it ended. The output of a failure is in it.
    pub outcome: Outcome,
    /// What it printed, unless it is in the failure.
    output: Output,
    /// What is to be logged besides, a sentence each: processes left behind, an output file that cannot be written. A failure has them too.
    pub notes: Vec<String>,
    /// Processes of this run that could not be ended. While one of them lives, no other copy of the task may start.
    pub unkillable: Vec<i32>,
}

impl Ended {
    /// Returns what the run printed.
    pub fn output(&self) -> &Output {
        let failed = self.outcome.failure();
        let of_failure = failed.and_then(|failure| failure.output.as_ref());
        of_failure.unwrap_or(&self.output)
    }
}

/// Opens a file that must be a regular one: a pipe by that name would be waited for without end.
fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::from_raw_os_error(libc::EACCES))
    }
}
