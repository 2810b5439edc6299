//! What a signal means here.

use std::fmt;

/// What a signal means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM: finish the running task, start no other.
    Term,
    /// SIGTERM from an heir: as [`Signal::Term`], but taken back when no heir is there any more at
    /// the end.
    Replace {
        /// The newcomer; 0 when it cannot be seen from here.
        by: i32,
    },
    /// SIGTERM of somebody who does not want to wait: end the running task now.
    Now,
    /// SIGINT: the first as TERM, the second ends the running task, the third kills it.
    Int,
    /// SIGQUIT: kill the running task, and end.
    Quit,
    /// SIGHUP: open the log files again.
    Hangup,
    /// SIGUSR1: log a table of what runs and what is next.
    Status,
    /// SIGUSR2: skip the rest of this cooldown.
    Wake,
    /// SIGUSR2 from a runner that has left its chain to us; means nothing to a runner.
    Released,
    /// SIGCHLD, which only the first process of a container is told: a child has ended, perhaps one
    /// that no process waits for.
    ChildEnded,
    /// SIGUSR2 from a command: what people wish of this runner has changed on disk.
    Look,
}

impl fmt::Display for Signal {
    /// Prints the name that people know, such as `SIGTERM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Signal {
    /// Returns the name that people know, such as `SIGTERM`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Signal::Term | Signal::Now | Signal::Replace { .. } => "SIGTERM",
            Signal::Int => "SIGINT",
            Signal::Quit => "SIGQUIT",
            Signal::Hangup => "SIGHUP",
            Signal::Status => "SIGUSR1",
            Signal::Wake | Signal::Released | Signal::Look => "SIGUSR2",
            Signal::ChildEnded => "SIGCHLD",
        }
    }

    /// Returns whether it asks the process to end, in one way or another.
    pub(crate) fn ends(self) -> bool {
        use Signal::{ChildEnded, Hangup, Look, Released, Status, Wake};
        !matches!(self, Hangup | Status | Wake | Released | ChildEnded | Look)
    }
}
