//! The parent of the processes of runs: the runner, or its keeper.
//!
//! Where there is no keeper this costs nothing. When a keeper has died, its children are the
//! runner's: the kernel gives them to the next subreaper.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollTimeout, poll};

use super::super::keeper::{Keeper, KeptChild};
use super::sys::{self, ChildState, Whom};

/// The longest wait for a launcher that was killed before it began.
const LONGEST_END: Duration = Duration::from_secs(2);

/// The parent of the processes of runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunParent {
    keeper: Option<Arc<Keeper>>,
}

impl RunParent {
    /// Returns the keeper as parent; `None`: this process.
    pub(crate) fn of(keeper: Option<&Arc<Keeper>>) -> Self {
        RunParent {
            keeper: keeper.cloned(),
        }
    }

    /// Returns the keeper, gone or not.
    pub(super) fn keeper(&self) -> Option<&Keeper> {
        self.keeper.as_deref()
    }

    /// Returns whether there was a keeper that is gone.
    pub(super) fn has_lost_keeper(&self) -> bool {
        self.keeper().is_some_and(Keeper::is_gone)
    }

    fn living_keeper(&self) -> Option<&Keeper> {
        self.keeper().filter(|keeper| !keeper.is_gone())
    }

    /// Returns its number.
    pub(super) fn pid(&self) -> i32 {
        let own = || nix::unistd::getpid().as_raw();
        self.living_keeper().map_or_else(own, Keeper::pid)
    }

    /// Returns the session of children that no run has left: functions in this very process start
    /// them. A keeper has none such.
    pub(super) fn session_of_others(&self) -> Option<i32> {
        let own = || nix::unistd::getsid(None).ok();
        match self.living_keeper() {
            Some(_) => None,
            None => own().map(nix::unistd::Pid::as_raw),
        }
    }

    /// Returns whether there is no child at all, at the price of one call.
    pub(super) fn has_no_children(&self) -> bool {
        let found = self.through(|keeper| keeper.peek(None), || sys::peek(Whom::Any));
        found.is_ok_and(|found| found.state == ChildState::NoChild)
    }

    /// Looks how a pinned child has ended, and leaves it as it is.
    pub(super) fn peek(&self, pinned: BorrowedFd<'_>, pid: i32) -> io::Result<KeptChild> {
        self.through(
            |keeper| match sys::has_ended(pinned)? {
                true => keeper.peek(Some(pid)),
                false => Ok(ChildState::Alive.into()),
            },
            || sys::peek(Whom::Pinned(pinned)),
        )
    }

    /// Looks how a child has ended; if it has, takes it away.
    pub(super) fn reap(&self, pid: i32) -> io::Result<ChildState> {
        let found = self.through(|keeper| keeper.reap(pid), || sys::reap(Whom::Pid(pid)));
        found.map(|found| found.state)
    }

    /// Sends a signal to a child that was not reaped yet.
    pub(super) fn signal(&self, pid: i32, signal: i32) -> io::Result<()> {
        match self.living_keeper() {
            Some(keeper) => keeper.signal(pid, signal),
            None => sys::signal_child(pid, signal),
        }
    }

    /// Kills a child that cannot be pinned, and takes it away.
    pub(super) fn end(&self, pid: i32) {
        let _ = self.signal(pid, libc::SIGKILL);
        let looks = LONGEST_END.as_millis();
        for _ in 0..looks {
            if self.reap(pid).is_ok_and(|state| state == ChildState::Alive) {
                let _ = poll(&mut [], PollTimeout::from(1_u8));
            } else {
                return;
            }
        }
    }

    fn through(
        &self,
        ask: impl Fn(&Keeper) -> io::Result<KeptChild>,
        ours: impl Fn() -> io::Result<ChildState>,
    ) -> io::Result<KeptChild> {
        let asked = self.living_keeper().map(ask);
        match asked {
            Some(answer) if answer.is_ok() || !self.has_lost_keeper() => answer,
            _ => ours().map(KeptChild::from),
        }
    }
}
