//! What is to be run, and what came of it.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::chain::ChainName;
use crate::core::event::RunId;
use crate::core::failure::{Outcome, Output};
use crate::core::own_metric::OwnMetric;
use crate::core::settings::{ChildSettings, Program};
use crate::task::TaskName;
use crate::unix::keeper::Keeper;

/// What is to be run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Spec<'a> {
    /// The program or the function.
    pub what: RunTarget<'a>,
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
    /// The in-flight lock: every process of the run inherits it under
    /// [`IN_FLIGHT_FD`](super::IN_FLIGHT_FD), unless `leak` lets processes outlive it.
    pub in_flight: Option<BorrowedFd<'a>>,
    /// Where the run is written down before its program begins, unless `leak` lets processes
    /// outlive it.
    pub register: Option<&'a dyn RunRegister>,
    /// What a function is to find in its process as in the runner's: opaque text, which `main`
    /// unpacks there.
    pub function_context: Option<&'a str>,
    /// The number of the lock's holder.
    pub fence: Option<u64>,
    /// The process whose child the run is to be; `None`: this one.
    pub keeper: Option<&'a Arc<Keeper>>,
    /// Standard input, output and error of the run; `None`: what the settings say, and a pipe that
    /// is captured.
    pub standard: Option<StandardStreams<'a>>,
    /// A directory of ours for the run's report file; that for temporary files if not given.
    pub scratch: Option<&'a Path>,
}

/// Standard input, output and error.
pub type StandardStreams<'a> = [BorrowedFd<'a>; 3];

/// What remembers a run, so that a later runner finds what it left.
pub trait RunRegister: fmt::Debug {
    /// Takes note of a run whose program waits for that.
    fn begins(&self, run: &Begun<'_>);
}

/// A run whose launcher was started.
#[derive(Clone, Copy, Debug)]
pub struct Begun<'a> {
    /// The run.
    pub run: &'a str,
    /// The leader of its session.
    pub pid: i32,
    /// The user of its settings.
    pub user: Option<&'a str>,
    /// The cgroup of its own.
    pub cgroup: Option<&'a Path>,
}

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub enum RunTarget<'a> {
    /// A command or a script.
    Program(&'a Program),
    /// A registered function, in a process of its own.
    Function(&'a TaskName),
    /// A function of a step of a job, in a process of its own: opaque text, which says what is
    /// called with which data.
    StepFunction(&'a str),
}

/// The end of a run.
#[derive(Debug)]
pub struct EndedRun {
    /// How it ended. The output of a failure is in it.
    pub outcome: Outcome,
    /// What it printed, unless it is in the failure.
    pub(super) output: Output,
    /// What is to be logged besides, a sentence each: processes left behind, an output file that
    /// cannot be written. A failure has them too.
    pub notes: Vec<String>,
    /// Processes of this run that could not be ended. While one of them lives, no other copy of the
    /// task may start.
    pub unkillable: Vec<i32>,
    /// The numbers that it reported of itself.
    pub(crate) metrics: Vec<OwnMetric>,
}

impl EndedRun {
    /// Returns what the run printed.
    pub fn output(&self) -> &Output {
        let failed = self.outcome.failure();
        let of_failure = failed.and_then(|failure| failure.output.as_ref());
        of_failure.unwrap_or(&self.output)
    }
}
