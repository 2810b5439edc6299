//! The progress of a newcomer on its way. The first words are those of the origin: people grep for
//! them.

use std::time::Duration;
use std::{fmt, io};

use crate::chain::ChainName;
use crate::core::time::in_words;

/// A step of a takeover, worth a line in the log.
#[derive(Debug)]
pub(crate) enum Progress {
    /// There is a pidfile, and this number is in it.
    Found {
        /// Of this chain.
        chain: ChainName,
        /// As it is written; nothing follows from it.
        pid: i32,
    },
    /// There is a pidfile without a number in it.
    FoundGarbage {
        /// Of this chain.
        chain: ChainName,
    },
    /// The number in the pidfile is nobody's.
    Gone {
        /// Of this chain.
        chain: ChainName,
        /// The number.
        pid: i32,
    },
    /// The number in the pidfile is that of a process which does not hold it.
    Innocent {
        /// Of this chain.
        chain: ChainName,
        /// The process, which is left alone.
        pid: i32,
    },
    /// A waiting newcomer is asked to leave.
    AskingHeir {
        /// The process.
        pid: i32,
    },
    /// The runner is asked to leave.
    Asking {
        /// The process.
        pid: i32,
        /// How long it may take by its own promise.
        at_most: Duration,
    },
    /// The runner has not left yet.
    Waiting {
        /// For this one.
        pid: i32,
        /// Since it was asked.
        waited: Duration,
        /// Then it is killed.
        at_most: Duration,
    },
    /// The runner did not keep its promise, and is killed with what it has running.
    Killing {
        /// The process.
        pid: i32,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Our number could not be written; the lock is ours all the same.
    NotWritten {
        /// Of this chain.
        chain: ChainName,
        /// Why.
        error: io::Error,
    },
    /// The chain is ours.
    Wrote {
        /// The process.
        chain: ChainName,
    },
}

impl Progress {
    /// Returns whether somebody should look at it.
    pub(crate) fn is_warning(&self) -> bool {
        matches!(
            self,
            Progress::FoundGarbage { .. } | Progress::Killing { .. } | Progress::NotWritten { .. }
        )
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::Found { chain, pid } => {
                write!(f, "Found pidfile {chain} containing: {pid}")
            }
            Progress::FoundGarbage { chain } => {
                write!(f, "Found pidfile {chain} containing no pid, wiping it")
            }
            Progress::Gone { chain, pid } => {
                write!(f, "Could not find /proc/{pid}, wiping pidfile {chain}")
            }
            Progress::Innocent { chain, pid } => write!(
                f,
                "Process {pid} does not hold pidfile {chain} and is left alone, wiping the pidfile"
            ),
            Progress::AskingHeir { pid } => {
                write!(
                    f,
                    "Asking process {pid}, which was about to take over, to leave"
                )
            }
            Progress::Asking { pid, at_most } => {
                let at_most = in_words(*at_most);
                write!(f, "Asking runner {pid} to leave, it may take {at_most}")
            }
            Progress::Waiting {
                pid,
                waited,
                at_most,
            } => write!(
                f,
                "Waiting for runner {pid} to finish its task, {} of at most {}",
                in_words(*waited),
                in_words(*at_most)
            ),
            Progress::Killing { pid, waited } => write!(
                f,
                "Runner {pid} has not left after {}, killing it with what it has running",
                in_words(*waited)
            ),
            Progress::NotWritten { chain, error } => {
                write!(f, "Could not write pidfile {chain}, but hold it: {error}")
            }
            Progress::Wrote { chain } => write!(f, "Wrote pidfile {chain}"),
        }
    }
}
