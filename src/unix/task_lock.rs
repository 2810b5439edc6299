//! The in-flight file, `NAME.task`: what a later runner finds the processes of a former one by, and
//! ends first: never two copies of a task.
//!
//! Two things lead to them. Every child of a runner inherits a descriptor that holds a lock on the
//! file; and before the program of a run begins, its session, user and cgroup are written into the
//! file. The lock alone does not do: a program may close what it inherits, as Python does for its
//! children, and it may send a descriptor to a stranger. So what is ended is what belongs to a run
//! that was written down, and a stranger that holds the lock is named and left alone.
//!
//! The descriptor is read-only: no task can fill the file or truncate it. Its lock is shared, and
//! the runner holds one of its own: whoever unlocks the inherited one unlocks itself alone.

mod held_file;
mod leftovers;
mod record;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use nix::sys::signal::Signal;
use nix::sys::stat::fstat;

use super::child::process_table::ProcessEntry;
use super::child::spec::{Begun, RunRegister};
use super::lock::{read_text, share_flock, try_flock, write_over};
use super::pidfd::Pidfd;
use super::trusted_paths::{Identity, PrivateDir, UntrustedPath};
use super::waiter::Waiter;
use super::{clock, procfs, resource_check};
use crate::chain::ChainName;
use crate::core::exit;

use held_file::HeldFile;
use leftovers::{FormerRun, others, real_uid};
use record::{Numbers, RunRecord};

/// How long leftovers have to be gone after SIGKILL.
const UNTIL_GONE: Duration = Duration::from_secs(5);

/// Between two tries when nobody to wait for is seen.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// How many runs are remembered: those whose processes could not be ended, and the one that goes
/// on.
const MOST_RECORDS: usize = 8;

/// How much of the file is read.
const MOST_BYTES: usize = 64 * 1024;

/// The file, open. Its lock lasts as long as this process or a child that inherited the descriptor
/// has it open.
#[derive(Debug)]
pub(crate) struct TaskLock {
    file: File,
    /// What children inherit.
    handed_out: File,
    held: HeldFile,
    path: PathBuf,
    /// The cgroups of this process.
    cgroups: String,
    records: Mutex<Vec<RunRecord>>,
}

/// Something of a former runner cannot be ended, or the lock cannot be used.
#[derive(Debug)]
pub(crate) enum TaskLockError {
    /// These processes were sent SIGKILL and are still there.
    StillThere(Vec<i32>),
    /// The lock is held by these, which belong to no run of this chain; none is named when they
    /// cannot be seen.
    Stranger {
        /// Number and name of each.
        holders: Vec<String>,
        /// The file.
        file: PathBuf,
    },
    /// The processes are another user's.
    NoPermission(i32),
    /// The system refused.
    Io(io::Error),
}

impl TaskLock {
    /// Opens the file; only the holder of the chain does.
    ///
    /// # Errors
    ///
    /// When what is there cannot be relied on.
    pub(crate) fn open(root: &PrivateDir, chain: &ChainName) -> Result<Self, UntrustedPath> {
        let name = format!("{chain}.task");
        let wrong = |error| root.io_error(&name, error);
        let file = root.open_file(&name)?;
        let stat = fstat(&file).map_err(|errno| wrong(errno.into()))?;
        let handed_out = root.open_existing_file(&name)?;
        let handed_out = handed_out.ok_or_else(|| wrong(io::ErrorKind::NotFound.into()))?;
        Ok(TaskLock {
            file,
            handed_out,
            path: root.path().join(&name),
            held: HeldFile {
                identity: Identity::of(&stat),
                name,
            },
            cgroups: procfs::cgroups_of(nix::unistd::getpid().as_raw()),
            records: Mutex::default(),
        })
    }

    /// Takes the lock. What a former runner left running is killed first; returns which processes
    /// that were.
    ///
    /// # Errors
    ///
    /// When they are still there 5 s after SIGKILL, or may not be killed by us; when a stranger
    /// holds the lock.
    pub(crate) fn claim(&self) -> Result<Vec<i32>, TaskLockError> {
        let mut alarm = Waiter::new()?;
        let deadline = clock::mono() + UNTIL_GONE;
        let former = self.former_runs()?;
        let mut ended = Vec::new();
        loop {
            let left = self.leftovers(former.as_deref())?;
            if left.is_empty() && self.try_own()? {
                break;
            }
            if clock::mono() >= deadline {
                return Err(self.barred_by(&left));
            }
            for process in &left {
                if end(process)? && !ended.contains(&process.pid) {
                    ended.push(process.pid);
                }
            }
            alarm.wait([None], clock::mono() + BETWEEN_TRIES)?;
        }
        self.write(&[]);
        Ok(ended)
    }

    /// Returns the descriptor that children are to inherit (it is closed on exec unless the
    /// launcher says otherwise).
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        // A task may have unlocked it.
        let _ = share_flock(&self.handed_out);
        self.handed_out.as_fd()
    }

    /// Takes note that a run has ended. While something of it could not be ended, it is remembered.
    pub(crate) fn run_ended(&self, run: &str, left: &[i32]) {
        if !left.is_empty() {
            return;
        }
        let mut records = self.records();
        let before = records.len();
        records.retain(|record| record.run != run);
        if records.len() < before {
            self.write(&records);
        }
    }

    /// Returns the processes that hold the lock; we ourselves are not among them before we hold it.
    pub(crate) fn holders(&self) -> Vec<i32> {
        let mut pids = procfs::processes();
        pids.retain(|pid| self.held.is_held_by(*pid));
        pids
    }

    /// Returns the runs of former runners whose processes can still be there; `None`: a runner that
    /// wrote down none has used this file.
    fn former_runs(&self) -> io::Result<Option<Vec<FormerRun>>> {
        let text = read_text(&self.file, MOST_BYTES)?;
        let records = record::from_text(&String::from_utf8_lossy(&text));
        let known =
            |records: Vec<RunRecord>| records.into_iter().filter_map(FormerRun::of).collect();
        Ok(records.map(known))
    }

    /// Returns what former runs have left.
    fn leftovers(&self, former: Option<&[FormerRun]>) -> io::Result<Vec<ProcessEntry>> {
        let mut left = match former {
            Some([]) => return Ok(Vec::new()),
            None if try_flock(&self.file)? => return Ok(Vec::new()),
            _ => others(),
        };
        let own_uid = nix::unistd::getuid().as_raw();
        left.retain(|process| match former {
            Some(runs) => runs.iter().any(|run| run.owns(process, &self.held)),
            None => real_uid(process.pid) == Some(own_uid) && self.held.is_held_by(process.pid),
        });
        Ok(left)
    }

    /// Locks the file for this runner and its children; returns whether no other process had it.
    fn try_own(&self) -> io::Result<bool> {
        Ok(try_flock(&self.file)? && share_flock(&self.file)? && share_flock(&self.handed_out)?)
    }

    fn barred_by(&self, left: &[ProcessEntry]) -> TaskLockError {
        if !left.is_empty() {
            return TaskLockError::StillThere(left.iter().map(|process| process.pid).collect());
        }
        let named = |pid: i32| {
            let name = ProcessEntry::read(pid).map_or_else(String::new, |process| process.name);
            format!("{pid} ({name})")
        };
        TaskLockError::Stranger {
            holders: self.holders().into_iter().map(named).collect(),
            file: self.path.clone(),
        }
    }

    fn records(&self) -> std::sync::MutexGuard<'_, Vec<RunRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, records: &[RunRecord]) {
        // On a full disk the lock alone leads to what a run leaves.
        if let Err(error) = write_over(&self.file, &record::to_text(records)) {
            log::warn!(
                "`{}` cannot be written: {error}; if this runner is killed, what its task leaves may not be found",
                self.path.display()
            );
        }
    }
}

impl RunRegister for TaskLock {
    fn begins(&self, run: &Begun<'_>) {
        let started = ProcessEntry::read(run.pid).map_or(0, |process| process.started);
        let mut records = self.records();
        if records.len() >= MOST_RECORDS {
            records.remove(0);
        }
        records.push(RunRecord {
            run: run.run.to_owned(),
            leader: run.pid,
            started,
            user: run.user.map(str::to_owned),
            uid: nix::unistd::getuid().as_raw(),
            cgroup: run.cgroup.map(Path::to_owned),
            beside: self.cgroups.clone(),
            place: Numbers::here().clone(),
        });
        self.write(&records);
    }
}

/// Pins a process, asks again whether it is the one that is meant, and kills it.
fn end(process: &ProcessEntry) -> Result<bool, TaskLockError> {
    let Some(pinned) = Pidfd::open(process.pid)? else {
        return Ok(false);
    };
    if ProcessEntry::read(process.pid).is_none_or(|now| now.started != process.started) {
        return Ok(false);
    }
    match pinned.send(Signal::SIGKILL) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(TaskLockError::NoPermission(process.pid))
        }
        Err(error) => Err(error.into()),
    }
}

impl TaskLockError {
    /// Returns the exit code of a process that ends with it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            TaskLockError::StillThere(_)
            | TaskLockError::Stranger { .. }
            | TaskLockError::NoPermission(_) => exit::HELD,
            TaskLockError::Io(error) => resource_check::exit_code(error),
        }
    }
}

impl From<io::Error> for TaskLockError {
    fn from(error: io::Error) -> Self {
        TaskLockError::Io(error)
    }
}

impl fmt::Display for TaskLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskLockError::Stranger { holders, file } => {
                match &holders[..] {
                    [] => f.write_str(
                        "a process to which a task of a former runner left its descriptor holds the in-flight lock, and cannot be seen from here",
                    ),
                    holders => write!(
                        f,
                        "a process that belongs to no run of this chain holds the in-flight lock: {}",
                        holders.join(", ")
                    ),
                }?;
                write!(
                    f,
                    "; it is not ended: make sure that no copy of a task runs, then end it, or remove `{}`",
                    file.display()
                )
            }
            TaskLockError::StillThere(pids) => write!(
                f,
                "SIGKILL did not end what a former runner left: {}; look at it with `ps -o pid,stat,wchan,args`",
                listed(pids)
            ),
            TaskLockError::NoPermission(pid) => write!(
                f,
                "process {pid}, which a former runner left, is somebody else's; end it as its user or as root"
            ),
            TaskLockError::Io(_) => f.write_str("cannot use the in-flight lock"),
        }
    }
}

impl Error for TaskLockError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TaskLockError::Io(error) => Some(error),
            _ => None,
        }
    }
}

fn listed(pids: &[i32]) -> String {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    pids.join(", ")
}
