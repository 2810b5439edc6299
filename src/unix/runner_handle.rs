//! Who runs a chain, for those who look, ask or wake, and change nothing: the lock answers, never
//! the number in a file.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::lock::LockFile;
use super::pidfd::Pidfd;
use super::trusted_paths::{PrivateDir, UntrustedPath};
use super::waiter::Waiter;
use super::{clock, procfs};
use crate::chain::ChainName;
use crate::core::time::Mono;

/// The runner of a chain, pinned: it cannot become another process while we look.
#[derive(Debug)]
pub(crate) struct RunnerHandle {
    process: Pidfd,
}

/// What is known of who holds a chain.
#[derive(Debug)]
pub(crate) enum ChainHolder {
    /// Nobody.
    Nobody,
    /// The runner, pinned.
    Runner(RunnerHandle),
    /// Somebody that cannot be seen from here: in another pid namespace.
    Unseen,
}

/// Finds out who runs a chain.
///
/// # Errors
///
/// When its pidfile cannot be relied on.
pub(crate) fn find(root: &PrivateDir, chain: &ChainName) -> Result<ChainHolder, UntrustedPath> {
    const TRIES: usize = 10;
    let name = format!("{chain}.pid");
    let Some(lock) = LockFile::open_existing(root, &name)? else {
        return Ok(ChainHolder::Nobody);
    };
    let wrong = |error| root.io_error(&name, error);
    for _ in 0..TRIES {
        if !lock.is_held().map_err(wrong)? {
            return Ok(ChainHolder::Nobody);
        }
        let Some(pid) = lock.holder().map_err(wrong)? else {
            continue;
        };
        // Pinned first, attested again then: in between the number may have become another
        // process's.
        let pinned = Pidfd::open(pid).map_err(wrong)?;
        if let Some(process) = pinned
            && lock.holder().map_err(wrong)? == Some(pid)
        {
            return Ok(ChainHolder::Runner(RunnerHandle { process }));
        }
    }
    Ok(ChainHolder::Unseen)
}

impl RunnerHandle {
    /// Returns its pid.
    pub(crate) fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Asks it to stop; a runner that is stopped by SIGSTOP goes on for it.
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn stop(&self) -> io::Result<()> {
        self.let_go_on_to(Signal::SIGTERM)?;
        self.process.send(Signal::SIGTERM)?;
        self.process.send(Signal::SIGCONT)
    }

    /// Asks it to stop, and to end its running task now.
    ///
    /// # Errors
    ///
    /// See [`RunnerHandle::stop`].
    pub(crate) fn stop_now(&self) -> io::Result<()> {
        self.let_go_on_to(Signal::SIGTERM)?;
        self.process.ask_to_leave_now()?;
        self.process.send(Signal::SIGCONT)
    }

    /// Asks it to skip the rest of its cooldown.
    ///
    /// # Errors
    ///
    /// See [`RunnerHandle::stop`].
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.wait_for_delivery(Signal::SIGUSR2)?;
        self.process.send(Signal::SIGUSR2)
    }

    /// Notifies the runner that what people wish of it has changed on disk.
    ///
    /// # Errors
    ///
    /// See [`RunnerHandle::stop`].
    pub(crate) fn look(&self) -> io::Result<()> {
        self.wait_for_delivery(Signal::SIGUSR2)?;
        self.process.tell_to_look()?;
        // A user may send the next one with kill(1), which waits for nothing.
        self.wait_for_delivery(Signal::SIGUSR2)
    }

    /// Has the runner take a signal that is pending, where SIGSTOP holds it up.
    fn let_go_on_to(&self, signal: Signal) -> io::Result<()> {
        if procfs::is_pending(self.pid(), signal as i32) {
            self.process.send(Signal::SIGCONT)?;
        }
        self.wait_for_delivery(signal)
    }

    /// Waits, for a moment at most, until no signal of this number is pending. Standard signals do
    /// not queue (signal(7)): a stop that is sent beside the request of a newcomer would be lost,
    /// and so would a wake beside a look.
    fn wait_for_delivery(&self, signal: Signal) -> io::Result<()> {
        const MOST: Duration = Duration::from_secs(1);
        const BETWEEN: Duration = Duration::from_millis(1);
        let mut alarm = Waiter::new()?;
        let until = clock::mono() + MOST;
        while procfs::is_pending(self.pid(), signal as i32) && clock::mono() < until {
            alarm.wait([None], clock::mono() + BETWEEN)?;
        }
        Ok(())
    }

    /// Waits until it has ended; `false` when it has not by `until`.
    ///
    /// # Errors
    ///
    /// Those of ppoll(2).
    pub(crate) fn wait(&self, until: Mono) -> io::Result<bool> {
        let [ended] = Waiter::new()?.wait([Some(self.process.as_fd())], until)?;
        Ok(ended)
    }
}
