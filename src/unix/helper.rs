//! A helper: our own program, started again with a hidden verb to talk to a stranger of the network
//! in the place of the runner.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::own_children;

/// A helper process that no sweep ends while this value lives.
pub(crate) struct Helper {
    child: Child,
}

impl Helper {
    /// Starts a command whose standard input is the other end of the socket that is returned.
    ///
    /// # Errors
    ///
    /// When the system has no process or descriptor to give.
    pub(crate) fn start(mut command: Command) -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C in a terminal is for the runner; and what the helper starts is killed with its
        // group.
        command.process_group(0);
        let helper = Helper {
            child: command.spawn()?,
        };
        own_children::register(helper.number());
        Ok((helper, ours))
    }

    /// Returns the process.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Kills the process with its group, and waits for it.
    pub(crate) fn kill_with_group(&mut self) {
        // It has not been waited for, so its number, and that of its group, are still its own.
        let _ = killpg(Pid::from_raw(self.number()), Signal::SIGKILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn number(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }
}

impl Drop for Helper {
    /// Called when the process has been reaped.
    fn drop(&mut self) {
        own_children::unregister(self.number());
    }
}
