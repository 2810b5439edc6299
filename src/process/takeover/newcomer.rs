//! The steps of a newcomer, in the order in which they are taken.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::Signal as Number;

use super::{Held, Incumbent, Progress, Takeover, TakeoverError};
use crate::chain::ChainName;
use crate::process::clock;
use crate::process::lock::LockFile;
use crate::process::pidfd::Pidfd;
use crate::process::pidfile::{Names, Pidfile, Written, deleted_pidfile_of};
use crate::process::poll::Alarm;
use crate::process::procfs;
use crate::process::run_root::RunRoot;
use crate::process::signals::{Reader, Signal};
use crate::state::holder::{Holder, full_names};
use crate::task::TaskName;
use crate::time::Mono;

/// Between two looks at a lock that nobody tells us about: an heir may become the runner instead of leaving.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How often we look for what an heir says of itself; it writes that as soon as it is one.
const LOOKS_AT_HEIR: usize = 20;

/// Bounds the loops. Each turn ends with a lock, a process that ended, or a wait of [`BETWEEN_LOOKS`].
const MOST_TURNS: usize = 10_000;

/// Ends the list in `.next`: what may follow is the rest of a longer one that was there before.
const END_OF_TASKS: &str = ".";

/// Longer than any list of tasks that a command line can hold.
const MOST_STATE: u64 = 1 << 21;

/// A process that wants to be the runner.
pub(super) struct Newcomer<'a> {
    root: &'a RunRoot,
    chain: &'a ChainName,
    names: Names,
    tasks: &'a [TaskName],
    policy: &'a Takeover,
    signals: &'a Reader,
    out: &'a mut dyn FnMut(Progress),
    alarm: Alarm,
    /// Since when a lock is held by nobody that can be seen.
    unseen_since: Option<Mono>,
}

/// What came of the runners before us.
#[derive(Default)]
struct Past {
    replaced: Option<i32>,
    takeovers: Vec<Mono>,
}

impl<'a> Newcomer<'a> {
    pub(super) fn new(
        root: &'a RunRoot,
        chain: &'a ChainName,
        tasks: &'a [TaskName],
        policy: &'a Takeover,
        signals: &'a Reader,
        out: &'a mut dyn FnMut(Progress),
    ) -> io::Result<Self> {
        Ok(Newcomer {
            root,
            chain,
            names: Names::of(chain),
            tasks,
            policy,
            signals,
            out,
            alarm: Alarm::new()?,
            unseen_since: None,
        })
    }

    pub(super) fn acquire(mut self) -> Result<Held, TakeoverError> {
        let found = self.look_first()?;
        let next = self.become_heir()?;
        let mut past = Past::default();
        let lock = self.succeed(&mut past)?;
        self.tell_of_stranger(found, &past);
        let pidfile = self.hold(lock, &past);
        // Only now: whoever is heir after us reads what we have just written of ourselves.
        drop(next);
        Ok(Held {
            pidfile,
            replaced: past.replaced,
        })
    }

    /// Refuses while nobody has been disturbed yet.
    fn look_first(&mut self) -> Result<Written, TakeoverError> {
        let lock = LockFile::open(self.root, &self.names.pid)?;
        let found = Written::in_file(&lock);
        let chain = self.chain.clone();
        match found {
            Written::Pid(pid) => (self.out)(Progress::Found { chain, pid }),
            Written::Garbage => (self.out)(Progress::FoundGarbage { chain }),
            Written::Nothing => {}
        }
        if let Some(runner) = pin_holder(&lock)? {
            self.judge(&runner)?;
        }
        Ok(found)
    }

    /// Locks `.next`, asking whoever waits there to leave.
    fn become_heir(&mut self) -> Result<LockFile, TakeoverError> {
        for _ in 0..MOST_TURNS {
            let next = LockFile::open(self.root, &self.names.next)?;
            if next.try_lock()? {
                if next.is_named(self.root, &self.names.next)? {
                    // Text only: without it a newer one cannot tell our tasks from its own, and asks us to leave.
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
        if self.policy.incumbent == Incumbent::Stays {
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

    /// Refuses when an heir is that of other tasks. It may be so fresh an heir that it has not said yet what it runs.
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

    /// Locks `.pid`, replacing whoever is the runner. Called by the heir.
    fn succeed(&mut self, past: &mut Past) -> Result<LockFile, TakeoverError> {
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

    /// Returns the runner whose pidfile somebody has deleted, so that the lock on the new one does not tell of it.
    fn runner_of_deleted_pidfile(&self) -> Result<Option<Pidfd>, TakeoverError> {
        let Some(holder) = self.holder_state() else {
            return Ok(None);
        };
        if holder.pid == own_pid() {
            return Ok(None);
        }
        let Some(pinned) = Pidfd::open(holder.pid)? else {
            return Ok(None);
        };
        let lives = deleted_pidfile_of(holder.pid, self.root, &self.names).is_some();
        Ok(lives.then_some(pinned))
    }

    /// Asks the runner to leave, waits as long as it has promised to need, and kills it then.
    fn replace(&mut self, runner: &Pidfd, past: &mut Past) -> Result<(), TakeoverError> {
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

    /// Returns whether the runner has left in this time, saying now and then what we wait for.
    fn await_runner(&mut self, runner: &Pidfd, at_most: Duration) -> Result<bool, TakeoverError> {
        let begun = clock::mono();
        let deadline = begun + at_most;
        let mut words = begun + self.policy.patience.between_words;
        loop {
            if self.wait(Some(runner), deadline.min(words))? {
                return Ok(true);
            }
            let now = clock::mono();
            if now >= deadline {
                return Ok(false);
            }
            if now >= words {
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

    /// Kills a runner that did not keep its promise. It is stopped first, so that it starts nothing while its task is killed.
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

    /// Decides whether this runner may be replaced; returns what it says of itself.
    fn judge(&self, runner: &Pidfd) -> Result<Option<Holder>, TakeoverError> {
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
        if self.policy.incumbent == Incumbent::Stays {
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

    fn recent_takeovers(&self, holder: Option<&Holder>) -> Vec<Mono> {
        let within = self.policy.war.within;
        holder.map_or_else(Vec::new, |holder| {
            holder.takeovers_since(clock::mono(), within)
        })
    }

    /// Returns what the last holder said of itself. What cannot be read says nothing.
    fn holder_state(&self) -> Option<Holder> {
        let bytes = self.root.read(&self.names.state, MOST_STATE).ok()??;
        Holder::parse(&bytes)
    }

    fn hold(&mut self, lock: LockFile, past: &Past) -> Pidfile {
        let mut holder = Holder::new(own_pid(), self.tasks, clock::wall());
        holder.stop_timeout = self.policy.stop_timeout;
        holder.kill_grace = self.policy.kill_grace;
        holder.takeovers.clone_from(&past.takeovers);
        let (pidfile, written) = Pidfile::hold(self.root, &self.names, lock, holder.to_bytes());
        let chain = self.chain.clone();
        (self.out)(match written {
            Ok(()) => Progress::Wrote { chain },
            Err(error) => Progress::NotWritten { chain, error },
        });
        pidfile
    }

    /// The number that was in the pidfile is told, and nothing else is done to whom it belongs.
    fn tell_of_stranger(&mut self, found: Written, past: &Past) {
        let Written::Pid(pid) = found else {
            return;
        };
        let chain = self.chain.clone();
        if pid == own_pid() || past.replaced == Some(pid) {
            return;
        }
        (self.out)(if procfs::exists(pid) {
            Progress::Innocent { chain, pid }
        } else {
            Progress::Gone { chain, pid }
        });
    }

    fn heir_text(&self) -> String {
        let tasks = full_names(self.tasks).join("\n");
        format!("{}\n{tasks}\n{END_OF_TASKS}\n", own_pid())
    }

    /// Waits a moment for somebody who cannot be seen: about to lock, about to end, or in another pid namespace.
    fn wait_unseen(&mut self) -> Result<(), TakeoverError> {
        let now = clock::mono();
        let since = *self.unseen_since.get_or_insert(now);
        if now.since(since) >= self.policy.patience.unseen {
            return Err(TakeoverError::Unseen);
        }
        self.wait(None, now + BETWEEN_LOOKS)?;
        Ok(())
    }

    /// Waits until this process has ended (returns true), or `until` is reached. Signals may end our own attempt.
    fn wait(&mut self, process: Option<&Pidfd>, until: Mono) -> Result<bool, TakeoverError> {
        loop {
            let sources = [process.map(AsFd::as_fd), Some(self.signals.as_fd())];
            match self.alarm.wait(sources, until)? {
                // First: an heir whose runner has left is the runner at once, and heeds the signal as such.
                [true, _] => return Ok(true),
                [false, true] => self.heed_signals()?,
                [false, false] => return Ok(false),
            }
        }
    }

    fn heed_signals(&self) -> Result<(), TakeoverError> {
        for signal in self.signals.drain() {
            match signal {
                // One that is gone cannot take our place: then the chain would be nobody's.
                Signal::Replace { by } if by > 0 && !is_there(by)? => {}
                Signal::Replace { by } => return Err(TakeoverError::Evicted { by }),
                signal if signal.ends() => return Err(TakeoverError::Asked { signal }),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the process that holds a lock, pinned, and attested by the kernel after it was pinned.
fn pin_holder(lock: &LockFile) -> Result<Option<Pidfd>, TakeoverError> {
    let Some(pid) = lock.holder()? else {
        return Ok(None);
    };
    let pinned = Pidfd::open(pid)?;
    // Our own: another descriptor of this process has it, and nobody is to be asked.
    let attested = lock.holder()? == Some(pid) && pid != own_pid();
    Ok(pinned.filter(|_| attested))
}

/// SIGTERM with the mark of an heir, then SIGCONT: a stopped process must go too.
fn ask(process: &Pidfd) -> Result<(), TakeoverError> {
    allowed(process.ask_to_leave(), process.pid())?;
    allowed(process.send(Number::SIGCONT), process.pid())
}

fn allowed(sent: io::Result<()>, pid: i32) -> Result<(), TakeoverError> {
    match sent {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(TakeoverError::NoPermission { pid })
        }
        sent => Ok(sent?),
    }
}

fn is_there(pid: i32) -> io::Result<bool> {
    match Pidfd::open(pid)? {
        Some(process) => Ok(!process.has_ended()?),
        None => Ok(false),
    }
}

/// Returns the tasks of an heir, if what is in `.next` is that heir's.
fn heir_tasks(next: &LockFile, heir: i32) -> Option<Vec<String>> {
    let most = usize::try_from(MOST_STATE).ok()?;
    let text = next.text(most).ok()?;
    let mut lines = std::str::from_utf8(&text).ok()?.lines();
    let pid: i32 = lines.next()?.parse().ok()?;
    let tasks: Vec<String> = lines.map(str::to_owned).collect();
    let end = tasks.iter().position(|line| line == END_OF_TASKS)?;
    (pid == heir).then(|| tasks[..end].to_vec())
}

fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}
