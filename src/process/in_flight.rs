//! The in-flight lock, `NAME.task`: every child of a runner inherits a descriptor that holds it, so that a new runner sees that
//! something of the former one lives, and ends it first: never two copies of a task.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::stat::fstat;

use super::clock;
use super::lock::try_flock;
use super::pidfd::Pidfd;
use super::poll::Alarm;
use super::procfs;
use super::reserve;
use super::run_root::{Identity, RunRoot, UnsafePath};
use crate::chain::ChainName;
use crate::exit;

/// How long leftovers have to be gone after SIGKILL.
const UNTIL_GONE: Duration = Duration::from_secs(5);

/// Between two tries when nobody to wait for is seen.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The file, open. Its lock lasts as long as this process or a child that inherited the descriptor has it open.
#[derive(Debug)]
pub(crate) struct InFlight {
    file: File,
    identity: Identity,
    name: String,
}

/// Something of a former runner cannot be ended, or the lock cannot be used.
#[derive(Debug)]
pub(crate) enum InFlightError {
    /// These processes were sent SIGKILL and are still there, or hold the lock unseen (none is named then).
    StillThere(Vec<i32>),
    /// They are somebody else's.
    NoPermission(i32),
    /// The system said no.
    Io(io::Error),
}

impl InFlight {
    /// Opens the file; only the holder of the chain does.
    ///
    /// # Errors
    ///
    /// When what is there cannot be relied on.
    pub(crate) fn open(root: &RunRoot, chain: &ChainName) -> Result<Self, UnsafePath> {
        let name = format!("{chain}.task");
        let file = root.open_file(&name)?;
        let stat = fstat(&file).map_err(|errno| root.io_error(&name, errno.into()))?;
        Ok(InFlight {
            file,
            identity: Identity::of(&stat),
            name,
        })
    }

    /// Takes the lock. What a former runner left running is killed first; returns which processes that were.
    ///
    /// # Errors
    ///
    /// When they are still there 5 s after SIGKILL, or may not be killed by us.
    pub(crate) fn claim(&self) -> Result<Vec<i32>, InFlightError> {
        let mut alarm = Alarm::new()?;
        let deadline = clock::mono() + UNTIL_GONE;
        let mut ended = Vec::new();
        while !try_flock(&self.file)? {
            let holders = self.holders();
            if clock::mono() >= deadline {
                return Err(InFlightError::StillThere(holders));
            }
            for pid in &holders {
                if self.end(*pid)? && !ended.contains(pid) {
                    ended.push(*pid);
                }
            }
            alarm.wait([None], clock::mono() + BETWEEN_TRIES)?;
        }
        Ok(ended)
    }

    /// Returns the descriptor that children are to inherit (it is closed on exec unless the launcher says otherwise).
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Returns the processes that have inherited the lock; we ourselves are not among them before we hold it.
    pub(crate) fn holders(&self) -> Vec<i32> {
        let mut pids = procfs::processes();
        pids.retain(|pid| self.is_held_by(*pid));
        pids
    }

    /// Whoever has merely opened the file (a backup, a curious person) does not hold its lock.
    fn is_held_by(&self, pid: i32) -> bool {
        procfs::descriptors(pid).iter().any(|open| {
            let target = open.target.to_string_lossy();
            target.contains(&self.name)
                && open.identity() == Some(self.identity)
                && open.has_flock()
        })
    }

    /// Pins a process, asks again whether it holds the lock, and kills it.
    fn end(&self, pid: i32) -> Result<bool, InFlightError> {
        let Some(pinned) = Pidfd::open(pid)? else {
            return Ok(false);
        };
        if !self.is_held_by(pid) {
            return Ok(false);
        }
        match pinned.send(Signal::SIGKILL) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(InFlightError::NoPermission(pid))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl InFlightError {
    /// Returns the exit code of a process that ends with it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            InFlightError::StillThere(_) | InFlightError::NoPermission(_) => exit::HELD,
            InFlightError::Io(error) => reserve::exit_code(error),
        }
    }
}

impl From<io::Error> for InFlightError {
    fn from(error: io::Error) -> Self {
        InFlightError::Io(error)
    }
}

impl fmt::Display for InFlightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InFlightError::StillThere(pids) if pids.is_empty() => f.write_str(
                "a process that a former runner left holds the in-flight lock, and cannot be seen from here; \
                 end it in its own container or as its own user",
            ),
            InFlightError::StillThere(pids) => write!(
                f,
                "SIGKILL did not end what a former runner left: {}; look at it with `ps -o pid,stat,wchan,args`",
                listed(pids)
            ),
            InFlightError::NoPermission(pid) => write!(
                f,
                "process {pid}, which a former runner left, is somebody else's; end it as its user or as root"
            ),
            InFlightError::Io(_) => f.write_str("cannot use the in-flight lock"),
        }
    }
}

impl Error for InFlightError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            InFlightError::Io(error) => Some(error),
            _ => None,
        }
    }
}

fn listed(pids: &[i32]) -> String {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    pids.join(", ")
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn chain() -> ChainName {
        ChainName::parse("x").unwrap()
    }

    /// A process that holds the lock on an inherited descriptor, as a child of a runner that is gone. This process never opens what it
    /// locks: a child that another test starts at that moment would inherit it too.
    fn leftover(root: &RunRoot) -> Child {
        let script = "exec 9<>\"$0\" && flock -n 9 && exec sleep 1000";
        let mut sh = Command::new("sh");
        sh.args(["-c", script]).arg(root.path().join("x.task"));
        let child = sh.spawn().unwrap();
        let mut alarm = Alarm::new().unwrap();
        let deadline = clock::mono() + Duration::from_secs(60);
        while InFlight::open(root, &chain()).unwrap().holders().is_empty() {
            assert!(clock::mono() < deadline, "never locked");
            alarm.wait([None], clock::mono() + BETWEEN_TRIES).unwrap();
        }
        child
    }

    #[test]
    fn what_a_former_runner_left_is_ended_before_the_lock_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let root = RunRoot::open(dir.path()).unwrap();
        let mut child = leftover(&root);
        let pid = child.id() as i32;
        let lock = InFlight::open(&root, &chain()).unwrap();
        assert_eq!(lock.holders(), [pid]);
        let waiter = std::thread::spawn(move || child.wait().unwrap());
        assert_eq!(lock.claim().unwrap(), [pid]);
        assert!(!waiter.join().unwrap().success());
    }

    #[test]
    fn who_merely_reads_the_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let root = RunRoot::open(dir.path()).unwrap();
        let mut child = leftover(&root);
        let reading = File::open(dir.path().join("x.task")).unwrap();
        let mut reader = Command::new("sleep")
            .arg("1000")
            .stdin(reading)
            .spawn()
            .unwrap();
        let lock = InFlight::open(&root, &chain()).unwrap();
        let left = child.id() as i32;
        let waiter = std::thread::spawn(move || child.wait().unwrap());
        assert_eq!(lock.claim().unwrap(), [left]);
        waiter.join().unwrap();
        assert!(reader.try_wait().unwrap().is_none());
        reader.kill().unwrap();
        reader.wait().unwrap();
    }
}
