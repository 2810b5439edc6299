//! Who runs a chain, for those who look, ask or wake, and change nothing: the lock answers, never the number in a file.

use std::io;
use std::os::fd::AsFd;

use nix::sys::signal::Signal;

use super::lock::LockFile;
use super::pidfd::Pidfd;
use super::poll::Alarm;
use super::run_root::{RunRoot, UnsafePath};
use crate::chain::ChainName;
use crate::time::Mono;

/// The runner of a chain, pinned: it cannot become another process while we look.
#[derive(Debug)]
pub(crate) struct Incumbent {
    process: Pidfd,
}

/// What is known of who holds a chain.
#[derive(Debug)]
pub(crate) enum Holder {
    /// Nobody.
    Nobody,
    /// This one.
    Runner(Incumbent),
    /// Somebody that cannot be seen from here: in another pid namespace.
    Unseen,
}

/// Finds out who runs a chain.
///
/// # Errors
///
/// When its pidfile cannot be relied on.
pub(crate) fn find(root: &RunRoot, chain: &ChainName) -> Result<Holder, UnsafePath> {
    const TRIES: usize = 10;
    let name = format!("{chain}.pid");
    let Some(lock) = LockFile::open_existing(root, &name)? else {
        return Ok(Holder::Nobody);
    };
    let wrong = |error| root.io_error(&name, error);
    for _ in 0..TRIES {
        if !lock.is_held().map_err(wrong)? {
            return Ok(Holder::Nobody);
        }
        let Some(pid) = lock.holder().map_err(wrong)? else {
            continue;
        };
        // Pinned first, attested again then: in between the number may have become somebody else's.
        let pinned = Pidfd::open(pid).map_err(wrong)?;
        if let Some(process) = pinned
            && lock.holder().map_err(wrong)? == Some(pid)
        {
            return Ok(Holder::Runner(Incumbent { process }));
        }
    }
    Ok(Holder::Unseen)
}

impl Incumbent {
    /// Returns its pid.
    pub(crate) fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Asks it to stop; a runner that is stopped by SIGSTOP goes on for it.
    ///
    /// # Errors
    ///
    /// EPERM when it is somebody else's.
    pub(crate) fn stop(&self) -> io::Result<()> {
        self.process.send(Signal::SIGTERM)?;
        self.process.send(Signal::SIGCONT)
    }

    /// Asks it to stop, and to end its running task now.
    ///
    /// # Errors
    ///
    /// See [`Incumbent::stop`].
    pub(crate) fn stop_now(&self) -> io::Result<()> {
        self.process.ask_to_leave_now()?;
        self.process.send(Signal::SIGCONT)
    }

    /// Asks it to skip the rest of its cooldown.
    ///
    /// # Errors
    ///
    /// See [`Incumbent::stop`].
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.process.send(Signal::SIGUSR2)
    }

    /// Tells it that what people wish of it has changed on disk.
    ///
    /// # Errors
    ///
    /// See [`Incumbent::stop`].
    pub(crate) fn look(&self) -> io::Result<()> {
        self.process.tell_to_look()
    }

    /// Waits until it has ended; `false` when it has not by `until`.
    ///
    /// # Errors
    ///
    /// Those of ppoll(2).
    pub(crate) fn wait(&self, until: Mono) -> io::Result<bool> {
        let [ended] = Alarm::new()?.wait([Some(self.process.as_fd())], until)?;
        Ok(ended)
    }
}
