//! How the heir becomes the runner: the lock on `NAME.pid`, and what happens to the runner that is
//! there.

use std::time::Duration;

use nix::sys::signal::Signal as Number;

use super::super::lock::LockFile;
use super::super::pidfd::Pidfd;
use super::super::pidfile::deleted_pidfile_of;
use super::super::{clock, procfs};
use super::error::TakeoverError;
use super::newcomer::{MOST_TURNS, Newcomer, allowed, ask, own_pid, pin_holder};
use super::past::Predecessors;
use super::policy::IncumbentPolicy;
use super::progress::Progress;
use crate::core::time::Mono;
use crate::state::runner_info::RunnerInfo;

impl Newcomer<'_> {
    /// Locks `.pid`, replacing whoever is the runner. Called by the heir.
    pub(super) fn succeed(&mut self, past: &mut Predecessors) -> Result<LockFile, TakeoverError> {
        for _ in 0..MOST_TURNS {
            let lock = LockFile::open(self.root, &self.names.pid)?;
            if lock.try_lock()? {
                if !lock.is_named(self.root, &self.names.pid)? {
                    continue;
                }
                if let Some(runner) = self.runner_of_deleted_pidfile()? {
                    self.replace(&runner, past)?;
                }
                return Ok(lock);
            }
            match pin_holder(&lock)? {
                Some(runner) => self.replace(&runner, past)?,
                None => self.wait_unseen()?,
            }
        }
        Err(TakeoverError::Unseen)
    }

    /// Returns the runner whose pidfile was deleted, so that the lock on the new one does
    /// not tell of it.
    fn runner_of_deleted_pidfile(&self) -> Result<Option<Pidfd>, TakeoverError> {
        let Some(holder) = self.holder_state() else {
            return Ok(None);
        };
        if holder.pid == own_pid() {
            return Ok(None);
        }
        // The number is text that is perhaps long out of date: whatever the kernel answers to it,
        // no start ends by that.
        let Ok(Some(pinned)) = Pidfd::open(holder.pid) else {
            return Ok(None);
        };
        let lives = deleted_pidfile_of(holder.pid, self.root, &self.names).is_some();
        Ok(lives.then_some(pinned))
    }

    /// Asks the runner to leave, waits as long as it has promised to need, and kills it then.
    fn replace(&mut self, runner: &Pidfd, past: &mut Predecessors) -> Result<(), TakeoverError> {
        let pid = runner.pid();
        self.unseen_since = None;
        let holder = self.judge(runner)?;
        let (stop_timeout, kill_grace) = match &holder {
            Some(holder) => (holder.stop_timeout, holder.kill_grace),
            None => (self.policy.stop_timeout, self.policy.kill_grace),
        };
        let at_most = stop_timeout
            .saturating_add(kill_grace)
            .saturating_add(self.policy.patience.margin);
        (self.out)(Progress::Asking { pid, at_most });
        ask(runner)?;
        if !self.await_runner(runner, at_most)? {
            self.kill(runner, at_most)?;
        }
        past.replaced = Some(pid);
        past.takeovers = self.recent_takeovers(holder.as_ref());
        past.takeovers.push(clock::mono());
        Ok(())
    }

    fn is_held(&self) -> Result<bool, TakeoverError> {
        Ok(LockFile::open(self.root, &self.names.pid)?.is_held()?)
    }

    /// Returns whether the runner has left in this time, saying now and then what we wait for.
    fn await_runner(&mut self, runner: &Pidfd, at_most: Duration) -> Result<bool, TakeoverError> {
        let begun = clock::mono();
        let deadline = begun + at_most;
        let mut words = begun + self.policy.patience.between_words;
        loop {
            if self.wait(Some(runner), deadline.min(words))? {
                return Ok(true);
            }
            // It has given the chain up and waits until it is ours: it would take it back if we
            // died now.
            if std::mem::take(&mut self.released) && !self.is_held()? {
                return Ok(true);
            }
            let now = clock::mono();
            if now >= deadline {
                return Ok(false);
            }
            if now >= words {
                // A task that has replaced the handlers of its runner may have taken the first
                // request.
                allowed(runner.ask_to_leave(), runner.pid())?;
                words = now + self.policy.patience.between_words;
                let (pid, waited) = (runner.pid(), now.since(begun));
                (self.out)(Progress::Waiting {
                    pid,
                    waited,
                    at_most,
                });
            }
        }
    }

    /// Kills a runner that did not keep its promise. It is stopped first, so that it starts nothing
    /// while its task is killed.
    fn kill(&mut self, runner: &Pidfd, waited: Duration) -> Result<(), TakeoverError> {
        let pid = runner.pid();
        (self.out)(Progress::Killing { pid, waited });
        allowed(runner.send(Number::SIGSTOP), pid)?;
        (self.policy.end_tree)(pid);
        allowed(runner.send(Number::SIGKILL), pid)?;
        if self.await_runner(runner, self.policy.patience.after_kill)? {
            return Ok(());
        }
        Err(TakeoverError::Unkillable { pid })
    }

    /// Decides whether this runner may be replaced; returns what it reports about itself.
    pub(super) fn judge(&self, runner: &Pidfd) -> Result<Option<RunnerInfo>, TakeoverError> {
        let pid = runner.pid();
        let holder = self.holder_state().filter(|holder| holder.pid == pid);
        if let Some(holder) = &holder
            && !holder.runs(self.tasks)
        {
            let tasks = holder.tasks.clone();
            return Err(TakeoverError::OtherChain { pid, tasks });
        }
        if procfs::is_ancestor(pid, own_pid()) {
            return Err(TakeoverError::Ancestor { pid });
        }
        if self.policy.incumbent == IncumbentPolicy::Stays {
            return Err(TakeoverError::Stays { pid });
        }
        allowed(runner.may_send(), pid)?;
        let takeovers = self.recent_takeovers(holder.as_ref()).len();
        if takeovers >= self.policy.war.takeovers {
            let within = self.policy.war.within;
            return Err(TakeoverError::War { takeovers, within });
        }
        Ok(holder)
    }

    fn recent_takeovers(&self, holder: Option<&RunnerInfo>) -> Vec<Mono> {
        let within = self.policy.war.within;
        holder.map_or_else(Vec::new, |holder| {
            holder.takeovers_since(clock::mono(), within)
        })
    }
}
