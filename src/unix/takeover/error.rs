//! Why a newcomer does not become the runner.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use super::super::resource_check;
use super::super::signals::Signal;
use super::super::trusted_paths::UntrustedPath;
use crate::core::exit;
use crate::core::time::in_words;

/// Why a newcomer does not become the runner, and what is to be done about it.
#[derive(Debug)]
pub(crate) enum TakeoverError {
    /// A file or the directory cannot be relied on.
    Unsafe(UntrustedPath),
    /// The system refused.
    Io(io::Error),
    /// A runner of other tasks has this name.
    OtherChain {
        /// The process. It was not signalled.
        pid: i32,
        /// What it runs.
        tasks: Vec<String>,
    },
    /// A runner is there, and the settings forbid to replace it.
    Stays {
        /// The process.
        pid: i32,
    },
    /// The runner has started us, directly or not: waiting for its task would be waiting for
    /// ourselves.
    Ancestor {
        /// The process.
        pid: i32,
    },
    /// Somebody holds the chain who cannot be seen from here.
    Unseen,
    /// The runner is another user's.
    NoPermission {
        /// The process.
        pid: i32,
    },
    /// A runner is there even after SIGKILL.
    Unkillable {
        /// The process.
        pid: i32,
    },
    /// The chain is taken over again and again.
    War {
        /// How often.
        takeovers: usize,
        /// Within which time.
        within: Duration,
    },
    /// A newer newcomer has asked us to leave.
    Evicted {
        /// The process; 0 when it cannot be seen from here.
        by: i32,
    },
    /// Somebody has asked us to stop before the chain was ours.
    Asked {
        /// How.
        signal: Signal,
    },
}

impl TakeoverError {
    /// Returns the exit code of a process that ends with it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            TakeoverError::Unsafe(error) => error.exit_code(),
            TakeoverError::Io(error) => resource_check::exit_code(error),
            TakeoverError::OtherChain { .. } => exit::OTHER_CHAIN,
            TakeoverError::NoPermission { .. } => exit::NO_PERMISSION,
            TakeoverError::Asked {
                signal: Signal::Quit,
            } => exit::QUIT,
            TakeoverError::Evicted { .. } | TakeoverError::Asked { .. } => exit::OK,
            TakeoverError::Stays { .. }
            | TakeoverError::Ancestor { .. }
            | TakeoverError::Unseen
            | TakeoverError::Unkillable { .. }
            | TakeoverError::War { .. } => exit::HELD,
        }
    }
}

impl fmt::Display for TakeoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TakeoverError::Unsafe(error) => error.fmt(f),
            TakeoverError::Io(_) => f.write_str("cannot take the chain over"),
            TakeoverError::OtherChain { pid, tasks } => write!(
                f,
                "runner {pid} has the same name but runs other tasks (`{}`)",
                tasks.join(" ")
            ),
            TakeoverError::Stays { pid } => write!(
                f,
                "runner {pid} holds this chain; leave out `--no-kill-concurrent` to replace it, or `stop` it first"
            ),
            TakeoverError::Ancestor { pid } => write!(
                f,
                "runner {pid} of this chain has started this process and would wait for it for ever; \
                 start the new runner from outside its tasks, for instance with `systemd-run` or `at now`"
            ),
            TakeoverError::Unseen => f.write_str(
                "somebody holds this chain who cannot be seen from here; stop the runner in the container that shares this `run_root`",
            ),
            TakeoverError::NoPermission { pid } => write!(
                f,
                "runner {pid} of this chain is somebody else's; start as its user or as root"
            ),
            TakeoverError::Unkillable { pid } => write!(
                f,
                "process {pid} holds this chain even after SIGKILL; look at it with `ps -o pid,stat,wchan,args -p {pid}`"
            ),
            TakeoverError::War { takeovers, within } => write!(
                f,
                "this chain was taken over {takeovers} times within {}; find out who starts it again and again",
                in_words(*within)
            ),
            TakeoverError::Evicted { by: 0 } => f.write_str("a newer runner takes the chain over"),
            TakeoverError::Evicted { by } => write!(f, "a newer runner ({by}) takes the chain over"),
            TakeoverError::Asked { signal } => write!(f, "stopped by {signal}"),
        }
    }
}

impl Error for TakeoverError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TakeoverError::Unsafe(error) => error.source(),
            TakeoverError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<UntrustedPath> for TakeoverError {
    fn from(error: UntrustedPath) -> Self {
        TakeoverError::Unsafe(error)
    }
}

impl From<io::Error> for TakeoverError {
    fn from(error: io::Error) -> Self {
        TakeoverError::Io(error)
    }
}
