//! Child processes that never get away: commands, scripts and isolated functions.
//!
//! A [`ChildRun`] starts our own executable, the launcher, which prepares itself and becomes the
//! program (or calls the function). The runner waits for it in its one loop:
//!
//! ```text
//! Run::start ──► loop { wait for run.source() until run.due(); run.step(now) } ──► Ended
//!                          run.terminate(now), run.kill(now) at any time
//! ```
//!
//! Nothing here sleeps or blocks. The run ends when its process does, whoever still holds its pipe;
//! what it leaves behind is ended (or, if the settings say so, left alone) before [`EndedRun`] is
//! there.
//!
//! The processes of a run are children of the runner, or of its [`keeper`](super::keeper) where it
//! has one; what loses its parent below becomes a child of the same.
//!
//! ```text
//! runner ──► launcher ══► command          runner ──► keeper ──► launcher ══► command
//!   └── orphans of runs                                 └── orphans of runs
//! ```
//!
//! Limits. A process that sits in an uninterruptible system call (state D) cannot be ended by
//! anybody: the run is given up after 5 s and [`EndedRun::unkillable`] names it. A fork bomb in
//! sessions of its own is stopped as a whole before it is killed, and can outrun even that where
//! nothing bounds it; a delegated cgroup (v2) cannot be outrun. A
//! set-user-ID program undoes `PR_SET_PDEATHSIG`: when the runner is killed with -9 it lives on;
//! the in-flight file shows it. A process that closes that file's descriptor *and* leaves the
//! session (a daemon that closes all it has) is ended with its run, but found by a new runner, when
//! the old one was killed with -9, only where runs have cgroups. As the first process of a
//! container, the runner becomes the parent of strangers too: there a process that left the
//! session, closed the descriptor and cleared its environment is not ended.

mod run;
pub(crate) mod run_parent;
mod spawn;
pub(crate) mod spec;

mod capture;
pub(crate) mod cgroup;
mod outcome;
mod output_file;
mod output_reader;

pub(crate) mod environment;
mod launch_request;
pub mod report;

pub(crate) mod descriptors;
mod function;
mod launcher;
mod limits;
mod pipefail;
mod program;
mod shebang;

mod before_main;
pub(crate) mod descendants;
pub(crate) mod leftovers;
pub(crate) mod process_table;
mod start_failure;
mod switch_user;
pub(crate) mod sys;

pub use capture::Capture;
pub(crate) use cgroup::end_leftovers;
pub(crate) use environment::{CHAIN, RUN_ID};
pub(crate) use function::StepProcess;
pub use launch_request::IN_FLIGHT_FD;
pub(crate) use launcher::{FunctionHooks, launch};
pub use pipefail::{NO_PIPEFAIL, shell_with_pipefail};
pub use program::{DEFAULT_PATH, candidates, misread};
pub use run::ChildRun;
pub use shebang::{Shebang, ShebangError};
pub use spec::{Begun, EndedRun, RunRegister, RunTarget, Spec, StandardStreams};
pub(crate) use switch_user::{find_group, find_user};
