//! The newcomer: its way from the command line to the lock, and how it waits and heeds signals on
//! it.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::Signal as Number;

use super::super::lock::LockFile;
use super::super::pidfd::Pidfd;
use super::super::pidfile::{ChainFileNames, Pidfile, PidfileContent};
use super::super::signals::{Signal, SignalReader};
use super::super::trusted_paths::PrivateDir;
use super::super::waiter::Waiter;
use super::super::{clock, own_program, procfs};
use super::error::TakeoverError;
use super::hand_over::SuccessorWatch;
use super::past::Predecessors;
use super::policy::Takeover;
use super::progress::Progress;
use super::unit;
use crate::chain::ChainName;
use crate::core::time::Mono;
use crate::state::runner_info::{MOST_BYTES, RunnerInfo};
use crate::task::TaskName;

/// Between two looks at a lock that nobody tells us about: an heir may become the runner instead of
/// leaving.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Bounds the loops. Each turn ends with a lock, a process that ended, or a wait of
/// [`BETWEEN_LOOKS`].
pub(super) const MOST_TURNS: usize = 10_000;

/// The chain, held.
#[derive(Debug)]
pub(crate) struct AcquiredChain {
    /// The pidfile; dropping it gives the chain up.
    pub(crate) pidfile: Pidfile,
    /// What we have to do with those who come after us.
    pub(crate) heirs: SuccessorWatch,
    /// The runner that left for us, if one was there.
    pub(crate) replaced: Option<i32>,
}

/// A process that wants to be the runner.
pub(super) struct Newcomer<'a> {
    pub(super) root: &'a PrivateDir,
    chain: &'a ChainName,
    pub(super) names: ChainFileNames,
    pub(super) tasks: &'a [TaskName],
    pub(super) policy: &'a Takeover,
    signals: &'a SignalReader,
    pub(super) out: &'a mut dyn FnMut(Progress),
    alarm: Waiter,
    /// Since when a lock is held by nobody that can be seen.
    pub(super) unseen_since: Option<Mono>,
    /// Whether the runner has told us that its chain is free.
    pub(super) released: bool,
}

impl<'a> Newcomer<'a> {
    pub(super) fn new(
        root: &'a PrivateDir,
        chain: &'a ChainName,
        tasks: &'a [TaskName],
        policy: &'a Takeover,
        signals: &'a SignalReader,
        out: &'a mut dyn FnMut(Progress),
    ) -> io::Result<Self> {
        Ok(Newcomer {
            root,
            chain,
            names: ChainFileNames::of(chain),
            tasks,
            policy,
            signals,
            out,
            alarm: Waiter::new()?,
            unseen_since: None,
            released: false,
        })
    }

    pub(super) fn acquire(mut self) -> Result<AcquiredChain, TakeoverError> {
        let found = self.look_first()?;
        let next = self.become_heir()?;
        let mut past = Predecessors::default();
        let lock = self.succeed(&mut past)?;
        self.tell_of_stranger(found, &past);
        let (pidfile, heirs) = self.hold(lock, &past);
        // Only now: whoever is heir after us reads what we have just written of ourselves.
        drop(next);
        Ok(AcquiredChain {
            pidfile,
            heirs,
            replaced: past.replaced,
        })
    }

    /// Refuses while nobody has been disturbed yet.
    fn look_first(&mut self) -> Result<PidfileContent, TakeoverError> {
        let lock = LockFile::open(self.root, &self.names.pid)?;
        let found = PidfileContent::in_file(&lock);
        let chain = self.chain.clone();
        match found {
            PidfileContent::Pid(pid) => (self.out)(Progress::Found { chain, pid }),
            PidfileContent::Garbage => (self.out)(Progress::FoundGarbage { chain }),
            PidfileContent::Nothing => {}
        }
        if let Some(runner) = pin_holder(&lock)? {
            self.judge(&runner)?;
        }
        Ok(found)
    }

    /// Returns what the last holder reported about itself. What cannot be read says nothing.
    pub(super) fn holder_state(&self) -> Option<RunnerInfo> {
        let bytes = self.root.read(&self.names.state, MOST_BYTES).ok()??;
        RunnerInfo::parse(&bytes)
    }

    fn hold(&mut self, lock: LockFile, past: &Predecessors) -> (Pidfile, SuccessorWatch) {
        let mut holder = RunnerInfo::new(own_pid(), self.tasks, clock::wall())
            .of_version(own_program::version());
        holder.stop_timeout = self.policy.stop_timeout;
        holder.kill_grace = self.policy.kill_grace;
        holder.takeovers.clone_from(&past.takeovers);
        holder.unit = unit::of_this_process();
        let (pidfile, written) = Pidfile::hold(self.root, &self.names, lock, holder.to_bytes());
        let chain = self.chain.clone();
        (self.out)(match written {
            Ok(()) => Progress::Wrote { chain },
            Err(error) => Progress::NotWritten { chain, error },
        });
        let heirs = SuccessorWatch::of(self.root, &self.names, pidfile.identity(), holder);
        (pidfile, heirs)
    }

    /// The number that was in the pidfile is told, and nothing else is done to whom it belongs.
    fn tell_of_stranger(&mut self, found: PidfileContent, past: &Predecessors) {
        let PidfileContent::Pid(pid) = found else {
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

    /// Waits a moment for somebody who cannot be seen: about to lock, about to end, or in another
    /// pid namespace.
    pub(super) fn wait_unseen(&mut self) -> Result<(), TakeoverError> {
        let now = clock::mono();
        let since = *self.unseen_since.get_or_insert(now);
        if now.since(since) >= self.policy.patience.unseen {
            return Err(TakeoverError::Unseen);
        }
        self.wait(None, now + BETWEEN_LOOKS)?;
        Ok(())
    }

    /// Waits until this process has ended (returns true), or `until` is reached. Signals may end
    /// our own attempt.
    pub(super) fn wait(
        &mut self,
        process: Option<&Pidfd>,
        until: Mono,
    ) -> Result<bool, TakeoverError> {
        loop {
            let sources = [process.map(AsFd::as_fd), Some(self.signals.as_fd())];
            match self.alarm.wait(sources, until)? {
                // First: an heir whose runner has left is the runner at once, and heeds the signal
                // as such.
                [true, _] => return Ok(true),
                [false, true] => {
                    self.heed_signals()?;
                    if self.released {
                        return Ok(false);
                    }
                }
                [false, false] => return Ok(false),
            }
        }
    }

    fn heed_signals(&mut self) -> Result<(), TakeoverError> {
        for signal in self.signals.drain() {
            match signal {
                // One that is gone cannot take our place: then the chain would be nobody's.
                Signal::Replace { by } if by > 0 && !is_there(by) => {}
                Signal::Replace { by } => return Err(TakeoverError::Evicted { by }),
                Signal::Released => self.released = true,
                signal if signal.ends() => return Err(TakeoverError::Asked { signal }),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Becomes the runner of a chain. Handlers must be installed, and the whole configuration read: a
/// newcomer that cannot run must not end one that does.
///
/// # Errors
///
/// When the chain is not ours afterwards. Unless the error means otherwise, a runner that was there
/// still is.
pub(crate) fn acquire(
    root: &PrivateDir,
    chain: &ChainName,
    tasks: &[TaskName],
    policy: &Takeover,
    signals: &SignalReader,
    out: &mut dyn FnMut(Progress),
) -> Result<AcquiredChain, TakeoverError> {
    Newcomer::new(root, chain, tasks, policy, signals, out)?.acquire()
}

/// Returns the process that holds a lock, pinned, and attested by the kernel after it was pinned.
pub(super) fn pin_holder(lock: &LockFile) -> Result<Option<Pidfd>, TakeoverError> {
    let Some(pid) = lock.holder()? else {
        return Ok(None);
    };
    let pinned = Pidfd::open(pid)?;
    // Our own: another descriptor of this process has it, and nobody is to be asked.
    let attested = lock.holder()? == Some(pid) && pid != own_pid();
    Ok(pinned.filter(|_| attested))
}

/// SIGTERM with the mark of an heir, then SIGCONT: a stopped process must go too.
pub(super) fn ask(process: &Pidfd) -> Result<(), TakeoverError> {
    allowed(process.ask_to_leave(), process.pid())?;
    allowed(process.send(Number::SIGCONT), process.pid())
}

pub(super) fn allowed(sent: io::Result<()>, pid: i32) -> Result<(), TakeoverError> {
    match sent {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(TakeoverError::NoPermission { pid })
        }
        sent => Ok(sent?),
    }
}

/// In doubt it is: then two newcomers leave for each other at worst, and the runner stays.
fn is_there(pid: i32) -> bool {
    match Pidfd::open(pid) {
        Ok(Some(process)) => !process.has_ended().unwrap_or(false),
        Ok(None) => false,
        Err(_) => true,
    }
}

pub(super) fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}
