//! The slots of a worker: each has at most one step in progress, below a keeper of its own.
//!
//! A keeper for each slot: the deadline of a lease is that of a job, not of the worker, and what
//! one step leaves behind must never be taken for what another one has started.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use crate::board::{JobId, SessionId};
use crate::chain::ChainName;
use crate::core::event::RunId;
use crate::core::failure::Outcome;
use crate::core::settings::{ChildSettings, Program};
use crate::core::time::{Moment, Mono};
use crate::flow::journal::Doing;
use crate::lease::LeaseDeadlines;
use crate::task::TaskName;
use crate::unix::child::{ChildRun, EndedRun, RunTarget, Spec};
use crate::unix::keeper::{Keeper, KeeperDeadline};
use crate::unix::task_lock::{TaskLock, TaskLockError};
use crate::unix::trusted_paths::PrivateDir;

/// The end of the names of the files by which a later worker finds what a step has left.
const ENDING: &str = ".task";

/// What is to run as an attempt of a step.
#[derive(Debug)]
pub(crate) struct StepCommandLine {
    /// The program and its arguments, or the function.
    pub(crate) program: StepProgram,
    /// What surrounds the process, the directory of the job and all variables included.
    pub(crate) settings: ChildSettings,
    /// How long it may take; `None`: for ever.
    pub(crate) timeout: Option<Duration>,
    /// The definition and the step, as the process sees them.
    pub(crate) task: TaskName,
    /// The fence of the job.
    pub(crate) fence: u64,
}

/// What an attempt executes.
pub(crate) enum StepProgram {
    /// A command.
    Command(Program),
    /// A function of this program: what is called with which data.
    Function(String),
}

impl fmt::Debug for StepProgram {
    /// Prints no data of a function: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepProgram::Command(program) => f.debug_tuple("Command").field(program).finish(),
            StepProgram::Function(_) => f.write_str("Function(…)"),
        }
    }
}

impl StepProgram {
    fn target(&self) -> RunTarget<'_> {
        match self {
            StepProgram::Command(program) => RunTarget::Program(program),
            StepProgram::Function(call) => RunTarget::StepFunction(call),
        }
    }
}

/// An attempt in progress.
#[derive(Debug)]
struct RunningStep {
    job: JobId,
    doing: Doing,
    run: ChildRun,
    /// How many bytes of its output were sent while it ran.
    sent: u64,
}

/// What a step has printed since the last time.
#[derive(Debug)]
pub(crate) struct PrintedLines {
    /// The step.
    pub(crate) step: String,
    /// Which attempt, from 1.
    pub(crate) attempt: u32,
    /// How many bytes before it are kept no longer.
    pub(crate) omitted: u64,
    /// Whole lines.
    pub(crate) text: String,
}

/// An attempt that has ended.
#[derive(Debug)]
pub(crate) struct EndedStep {
    /// The job.
    pub(crate) job: JobId,
    /// What was done.
    pub(crate) doing: Doing,
    /// How it ended.
    pub(crate) ended: EndedRun,
    /// How many bytes of its output were sent while it ran.
    pub(crate) sent: u64,
}

#[derive(Debug)]
struct StepSlot {
    keeper: Option<Arc<Keeper>>,
    lock: TaskLock,
    step: Option<RunningStep>,
}

/// All slots of a worker.
#[derive(Debug)]
pub(crate) struct StepSlots {
    worker: ChainName,
    slots: Vec<StepSlot>,
    poll: Epoll,
    secrets: Vec<String>,
    /// What functions find in processes of their own as in this one.
    function_context: String,
}

impl StepSlots {
    /// Creates the slots of a worker. `session` makes the names of their files unique; `secrets`
    /// names variables of this process that no step gets, `function_context` is what functions find
    /// in their processes as in this one.
    ///
    /// # Errors
    ///
    /// When the files cannot be used, or the process has no descriptor left.
    pub(crate) fn new(
        count: usize,
        directory: &PrivateDir,
        session: SessionId,
        secrets: Vec<String>,
        function_context: String,
    ) -> Result<Self, TaskLockError> {
        let open = |number| -> Result<StepSlot, TaskLockError> {
            let lock = open_lock(directory, &slot_name(session, number))?;
            lock.claim()?;
            Ok(StepSlot {
                keeper: None,
                lock,
                step: None,
            })
        };
        Ok(StepSlots {
            worker: ChainName::parse("worker").expect("a plain word is a name"),
            slots: (0..count).map(open).collect::<Result<_, _>>()?,
            poll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(io::Error::from)?,
            secrets,
            function_context,
        })
    }

    /// Returns how many slots there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns whether no slot has a step in progress.
    pub(crate) fn are_idle(&self) -> bool {
        self.slots.iter().all(|slot| slot.step.is_none())
    }

    /// Returns whether a step of a job is in progress.
    pub(crate) fn has(&self, job: JobId) -> bool {
        self.steps().any(|step| step.job == job)
    }

    /// Returns what becomes readable when there is something to do in
    /// [`collect`](StepSlots::collect).
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.poll.0.as_fd()
    }

    /// Returns when there is something to do in [`collect`](StepSlots::collect), at the latest.
    pub(crate) fn due(&self) -> Mono {
        let dues = self.steps().map(|step| step.run.due());
        dues.min().unwrap_or(Mono::NEVER)
    }

    /// Begins an attempt under the deadlines of its lease.
    ///
    /// # Errors
    ///
    /// How the attempt ended before it began: a failure, or an interruption when the lease is over.
    pub(crate) fn begin(
        &mut self,
        job: JobId,
        doing: Doing,
        command: &StepCommandLine,
        deadlines: LeaseDeadlines,
        now: Moment,
    ) -> Result<(), Box<Outcome>> {
        let slot = self.slots.iter_mut().find(|slot| slot.step.is_none());
        let Some(slot) = slot else {
            return Err(Box::new(Outcome::Interrupted {
                how: "no slot was free".to_owned(),
            }));
        };
        let keeper = slot.kept_until(deadlines).map_err(interrupted)?;
        let spec = Spec {
            what: command.program.target(),
            settings: &command.settings,
            timeout: command.timeout,
            chain: &self.worker,
            task: &command.task,
            run: RunId::at(now),
            secrets: &self.secrets,
            in_flight: Some(slot.lock.descriptor()),
            register: Some(&slot.lock),
            function_context: match command.program {
                StepProgram::Function(_) => Some(&self.function_context),
                StepProgram::Command(_) => None,
            },
            fence: Some(command.fence),
            keeper: Some(&keeper),
            standard: None,
            scratch: None,
        };
        let run = ChildRun::start(&spec, now)?;
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        self.poll
            .add(run.source(), readable)
            .map_err(|errno| interrupted(errno.into()))?;
        slot.step = Some(RunningStep {
            job,
            doing,
            run,
            sent: 0,
        });
        Ok(())
    }

    /// Does what is to be done at `now`; returns the attempts that have ended. Never waits.
    pub(crate) fn collect(&mut self, now: Mono) -> Vec<EndedStep> {
        let mut all = Vec::new();
        for slot in &mut self.slots {
            let Some(step) = &mut slot.step else { continue };
            let Some(ended) = step.run.step(now) else {
                continue;
            };
            let _ = self.poll.delete(step.run.source());
            if let Some(RunningStep {
                job, doing, sent, ..
            }) = slot.step.take()
            {
                all.push(EndedStep {
                    job,
                    doing,
                    ended,
                    sent,
                });
            }
            slot.rest();
        }
        all
    }

    /// Sets when the steps of a job are ended unless the lease is prolonged.
    pub(crate) fn set_deadlines(&self, job: JobId, deadlines: LeaseDeadlines) {
        for slot in &self.slots {
            if slot.step.as_ref().is_some_and(|step| step.job == job)
                && let Some(keeper) = &slot.keeper
            {
                // A keeper that is gone is seen by the run itself.
                let _ = keeper.set_deadline(Some(keeper_deadline(deadlines)));
            }
        }
    }

    /// Asks the steps of a job to end.
    pub(crate) fn terminate(&mut self, job: JobId, now: Mono) {
        self.of_job(job).for_each(|step| step.run.terminate(now));
    }

    /// Asks a step of a job to end.
    pub(crate) fn terminate_step(&mut self, job: JobId, step: &str, now: Mono) {
        let steps = self.of_job(job);
        let meant = steps.filter(|running| running.doing.step == step);
        meant.for_each(|running| running.run.terminate(now));
    }

    /// Kills the steps of a job.
    pub(crate) fn kill(&mut self, job: JobId, now: Mono) {
        self.of_job(job).for_each(|step| step.run.kill(now));
    }

    /// Takes the lines that the steps of a job have printed since the last time.
    pub(crate) fn take_printed(&mut self, job: JobId) -> Vec<PrintedLines> {
        self.of_job(job)
            .filter_map(RunningStep::take_printed)
            .collect()
    }

    fn steps(&self) -> impl Iterator<Item = &RunningStep> {
        self.slots.iter().filter_map(|slot| slot.step.as_ref())
    }

    fn of_job(&mut self, job: JobId) -> impl Iterator<Item = &mut RunningStep> {
        let steps = self.slots.iter_mut().filter_map(|slot| slot.step.as_mut());
        steps.filter(move |step| step.job == job)
    }
}

impl RunningStep {
    fn take_printed(&mut self) -> Option<PrintedLines> {
        let (omitted, bytes) = self.run.printed_from(self.sent);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n')? + 1;
        self.sent += omitted + whole as u64;
        Some(PrintedLines {
            step: self.doing.step.clone(),
            attempt: self.doing.attempt,
            omitted,
            text: String::from_utf8_lossy(&bytes[..whole]).into_owned(),
        })
    }
}

impl StepSlot {
    /// Returns the keeper, started anew if it is missing, with these deadlines set.
    fn kept_until(&mut self, deadlines: LeaseDeadlines) -> io::Result<Arc<Keeper>> {
        let living = self.keeper.take().filter(|keeper| !keeper.is_gone());
        let keeper = match living {
            Some(keeper) => keeper,
            None => Arc::new(Keeper::start()?),
        };
        keeper.set_deadline(Some(keeper_deadline(deadlines)))?;
        self.keeper = Some(Arc::clone(&keeper));
        Ok(keeper)
    }

    /// Lets the keeper wait for nothing until the next step begins.
    fn rest(&self) {
        if let Some(keeper) = &self.keeper {
            let _ = keeper.set_deadline(None);
        }
    }
}

fn keeper_deadline(deadlines: LeaseDeadlines) -> KeeperDeadline {
    KeeperDeadline {
        term_at: deadlines.term_at,
        kill_at: deadlines.kill_at,
    }
}

fn interrupted(error: io::Error) -> Box<Outcome> {
    Box::new(Outcome::Interrupted {
        how: format!("the step could not be begun: {error}"),
    })
}

fn slot_name(session: SessionId, number: usize) -> ChainName {
    ChainName::parse(&format!("worker-{session}-{number}")).expect("digits and words are a name")
}

/// Returns the files of the slots of a session.
pub(crate) fn slot_files(directory: &PrivateDir, session: SessionId) -> Vec<String> {
    let stems = slot_stems(directory, session).into_iter();
    stems.map(|stem| format!("{stem}{ENDING}")).collect()
}

fn slot_stems(directory: &PrivateDir, session: SessionId) -> Vec<String> {
    let mut stems = directory.stems(ENDING).unwrap_or_default();
    let prefix = format!("worker-{session}-");
    stems.retain(|stem| stem.starts_with(&prefix));
    stems
}

/// Ends what the steps of a dead worker of this host have left, and sees it gone.
///
/// # Errors
///
/// When something of it cannot be ended.
pub(crate) fn end_leftovers(
    directory: &PrivateDir,
    session: SessionId,
) -> Result<(), TaskLockError> {
    for stem in slot_stems(directory, session) {
        let Some(slot) = ChainName::parse(&stem) else {
            continue;
        };
        open_lock(directory, &slot)?.claim()?;
    }
    Ok(())
}

fn open_lock(directory: &PrivateDir, slot: &ChainName) -> Result<TaskLock, TaskLockError> {
    TaskLock::open(directory, slot).map_err(|error| TaskLockError::Io(io::Error::other(error)))
}
