//! How a newcomer becomes the heir: the lock on `NAME.next`, and what happens to an heir that is
//! there already.

use std::time::Duration;

use nix::sys::signal::Signal as Number;

use super::super::lock::LockFile;
use super::super::pidfd::Pidfd;
use super::super::{clock, procfs};
use super::error::TakeoverError;
use super::newcomer::{BETWEEN_LOOKS, MOST_TURNS, Newcomer, allowed, ask, own_pid, pin_holder};
use super::policy::IncumbentPolicy;
use super::progress::Progress;
use crate::state::runner_info::{MOST_BYTES, full_names};

/// How often we look for what an heir reports about itself; it writes that as soon as it is one.
const LOOKS_AT_HEIR: usize = 20;

/// Ends the list in `.next`: what may follow is the rest of a longer one that was there before.
const END_OF_TASKS: &str = ".";

impl Newcomer<'_> {
    /// Locks `.next`, asking whoever waits there to leave.
    pub(super) fn become_heir(&mut self) -> Result<LockFile, TakeoverError> {
        for _ in 0..MOST_TURNS {
            let next = LockFile::open(self.root, &self.names.next)?;
            if next.try_lock()? {
                if next.is_named(self.root, &self.names.next)? {
                    // Text only: without it a newer one cannot distinguish our tasks from its own,
                    // and asks us to leave.
                    let _ = next.write_text(&self.heir_text());
                    self.unseen_since = None;
                    return Ok(next);
                }
                continue;
            }
            match pin_holder(&next)? {
                Some(heir) => self.evict(&next, &heir)?,
                None => self.wait_unseen()?,
            }
        }
        Err(TakeoverError::Unseen)
    }

    /// Asks an heir to leave, and waits until it has left or is no heir any more.
    fn evict(&mut self, next: &LockFile, heir: &Pidfd) -> Result<(), TakeoverError> {
        let pid = heir.pid();
        self.unseen_since = None;
        self.check_heir_tasks(next, heir)?;
        if self.policy.incumbent == IncumbentPolicy::Stays {
            return Err(TakeoverError::Stays { pid });
        }
        if procfs::is_ancestor(pid, own_pid()) {
            return Err(TakeoverError::Ancestor { pid });
        }
        if next.holder()? != Some(pid) {
            return Ok(());
        }
        (self.out)(Progress::AskingHeir { pid });
        ask(heir)?;
        if self.await_heir(next, heir, self.policy.patience.margin)? {
            return Ok(());
        }
        allowed(heir.send(Number::SIGKILL), pid)?;
        if self.await_heir(next, heir, self.policy.patience.after_kill)? {
            return Ok(());
        }
        Err(TakeoverError::Unkillable { pid })
    }

    /// Refuses when an heir is that of other tasks. It may be so fresh an heir that it has not said
    /// yet what it runs.
    fn check_heir_tasks(&mut self, next: &LockFile, heir: &Pidfd) -> Result<(), TakeoverError> {
        for _ in 0..LOOKS_AT_HEIR {
            if let Some(tasks) = heir_tasks(next, heir.pid()) {
                if tasks == full_names(self.tasks) {
                    return Ok(());
                }
                let pid = heir.pid();
                return Err(TakeoverError::OtherChain { pid, tasks });
            }
            if next.holder()? != Some(heir.pid()) {
                return Ok(());
            }
            self.wait(Some(heir), clock::mono() + BETWEEN_LOOKS)?;
        }
        Ok(())
    }

    /// Returns whether the heir has left, or holds `.next` no longer, in this time.
    fn await_heir(
        &mut self,
        next: &LockFile,
        heir: &Pidfd,
        at_most: Duration,
    ) -> Result<bool, TakeoverError> {
        let deadline = clock::mono() + at_most;
        while clock::mono() < deadline {
            let look = deadline.min(clock::mono() + BETWEEN_LOOKS);
            if self.wait(Some(heir), look)? || next.holder()? != Some(heir.pid()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn heir_text(&self) -> String {
        let tasks = full_names(self.tasks).join("\n");
        format!("{}\n{tasks}\n{END_OF_TASKS}\n", own_pid())
    }
}

/// Returns the tasks of an heir, if what is in `.next` is that heir's.
fn heir_tasks(next: &LockFile, heir: i32) -> Option<Vec<String>> {
    let most = usize::try_from(MOST_BYTES).ok()?;
    let text = next.text(most).ok()?;
    let mut lines = std::str::from_utf8(&text).ok()?.lines();
    let pid: i32 = lines.next()?.parse().ok()?;
    let tasks: Vec<String> = lines.map(str::to_owned).collect();
    let end = tasks.iter().position(|line| line == END_OF_TASKS)?;
    (pid == heir).then(|| tasks[..end].to_vec())
}
