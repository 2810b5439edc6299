//! What a runner has to do with those who come after it: whether a newcomer is there to take the
//! chain over, whether it has it, and how it has ended if it has ended already.

use std::io;
use std::time::Duration;

use super::super::clock;
use super::super::lock::LockFile;
use super::super::pidfd::Pidfd;
use super::super::pidfile::ChainFileNames;
use super::super::trusted_paths::{Identity, PrivateDir};
use super::super::waiter::Waiter;
use crate::state::runner_info::{MOST_BYTES, RunnerInfo};

/// How often, and how far apart, we look for an heir before we say that there is none.
const LOOKS_FOR_HEIR: usize = 5;
const BETWEEN_HEIRS: Duration = Duration::from_millis(10);
/// How long an heir may take to lock a chain that is free, once it was told.
const LONGEST_HAND_OVER: Duration = Duration::from_secs(2);

/// Where an heir of the chain would be, and what those before and after us are told.
#[derive(Clone, Debug)]
pub(crate) struct SuccessorWatch {
    root: PrivateDir,
    names: ChainFileNames,
    /// Our pidfile.
    pidfile: Identity,
    /// What we say of ourselves.
    holder: RunnerInfo,
    /// What was in `NAME.state` when the chain had become ours. On a full disk that is not what we
    /// say of ourselves, but what somebody before us has left there.
    found: Option<Vec<u8>>,
}

/// What became of a chain that was given up for an heir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandOver {
    /// An heir has it, or will find it free.
    Taken,
    /// An heir had it and was asked to stop: the chain was stopped with it.
    Stopped {
        /// The process.
        pid: i32,
        /// By what, as it has told.
        by: String,
    },
    /// No process has it, and none announced that.
    Abandoned,
}

impl SuccessorWatch {
    /// Makes what a runner needs that has just written what it reports about itself.
    pub(super) fn of(
        root: &PrivateDir,
        names: &ChainFileNames,
        pidfile: Identity,
        holder: RunnerInfo,
    ) -> Self {
        SuccessorWatch {
            root: root.clone(),
            names: names.clone(),
            pidfile,
            holder,
            found: root.read(&names.state, MOST_BYTES).ok().flatten(),
        }
    }

    /// Returns whether an heir is there to take over: what a runner asks that was asked to leave by
    /// an heir and by nobody else (`Signal::Replace`), when it would leave. Without one it goes on.
    ///
    /// # Errors
    ///
    /// When it cannot be told. The runner leaves then, as it was asked to.
    pub(crate) fn is_there(&self) -> io::Result<bool> {
        // The heir holds its lock from before it asked until it holds ours, so that there is no
        // moment in which a living one is not seen.
        let mut alarm = Waiter::new()?;
        for _ in 0..LOOKS_FOR_HEIR {
            let next = LockFile::open(&self.root, &self.names.next).map_err(io::Error::other)?;
            if next.is_held()? {
                return Ok(true);
            }
            // One heir may just have left for a newer one.
            alarm.wait([None], clock::mono() + BETWEEN_HEIRS)?;
        }
        Ok(false)
    }

    /// Waits until an heir has the chain, which the caller has given up. An heir that is killed in
    /// this very moment leaves nobody else who would know that the chain is nobody's.
    ///
    /// # Errors
    ///
    /// When it cannot be told.
    pub(crate) fn take_over(&self) -> io::Result<HandOver> {
        let mut alarm = Waiter::new()?;
        let deadline = clock::mono() + LONGEST_HAND_OVER;
        loop {
            // Asked before the look: we may have stood still ourselves since the one before.
            let is_late = clock::mono() >= deadline;
            let pidfile = LockFile::open_existing(&self.root, &self.names.pid);
            let Some(pidfile) = pidfile.map_err(io::Error::other)? else {
                return Ok(HandOver::Taken);
            };
            if pidfile.is_held()? {
                return Ok(HandOver::Taken);
            }
            if !self.is_there()? {
                // It may have come and gone, or have become the runner between the two looks.
                let held = pidfile.is_held()?;
                return Ok(if held {
                    HandOver::Taken
                } else {
                    self.last_word()
                });
            }
            if is_late {
                // It stands still, or cannot be seen: it will find the chain free.
                return Ok(HandOver::Taken);
            }
            let next = LockFile::open(&self.root, &self.names.next).map_err(io::Error::other)?;
            let heir = next.holder()?.map(Pidfd::open).transpose()?.flatten();
            if let Some(heir) = heir {
                heir.tell_release()?;
            }
            alarm.wait([None], clock::mono() + BETWEEN_HEIRS)?;
        }
    }

    /// Leaves word for a runner that has just left for us, and would start again if we were dead:
    /// that we were asked to stop, by what.
    ///
    /// To be called while the chain is ours, and before it is given up: whoever finds the chain
    /// free finds the word.
    ///
    /// # Errors
    ///
    /// Those of writing. Without that word the other one goes on, as after any other end.
    pub(crate) fn leave_word(&self, by: &str) -> io::Result<()> {
        // A newcomer that has a new pidfile, because ours was deleted, says there what it
        // is.
        if self.root.look(&self.names.pid)? != Some(self.pidfile) {
            return Ok(());
        }
        let mut holder = self.holder.clone();
        holder.stopped = Some(by.to_owned());
        self.root.replace(&self.names.state, &holder.to_bytes())
    }

    /// Returns what the last heir that had the chain has said of its end. Who says nothing is dead.
    fn last_word(&self) -> HandOver {
        let now = self.root.read(&self.names.state, MOST_BYTES).ok().flatten();
        // Only those write it who hold the chain: what is new in it is from somebody after us.
        let new = now.filter(|bytes| self.found.as_ref() != Some(bytes));
        match new.as_deref().and_then(RunnerInfo::parse) {
            Some(RunnerInfo {
                pid,
                stopped: Some(by),
                ..
            }) => HandOver::Stopped { pid, by },
            _ => HandOver::Abandoned,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::time::SystemTime;

    use super::*;
    use crate::chain::ChainName;
    use crate::unix::pidfile::Pidfile;

    /// A chain of which nobody is the runner at first.
    struct Ground {
        dir: tempfile::TempDir,
        root: PrivateDir,
        names: ChainFileNames,
    }

    impl Ground {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = PrivateDir::open(dir.path()).unwrap();
            let names = ChainFileNames::of(&ChainName::parse("x").unwrap());
            Ground { dir, root, names }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// Becomes the runner with this number. The number is text only.
        fn hold(&self, pid: i32) -> (Pidfile, SuccessorWatch) {
            let lock = LockFile::open(&self.root, &self.names.pid).unwrap();
            assert!(lock.try_lock().unwrap());
            let holder = RunnerInfo::new(pid, &[], SystemTime::UNIX_EPOCH);
            let pidfile = Pidfile::hold(&self.root, &self.names, lock, holder.to_bytes()).0;
            let heirs = SuccessorWatch::of(&self.root, &self.names, pidfile.identity(), holder);
            (pidfile, heirs)
        }

        /// Becomes the runner, and gives the chain up at once.
        fn hold_once(&self, pid: i32) -> SuccessorWatch {
            self.hold(pid).1
        }
    }

    fn stopped(pid: i32) -> HandOver {
        let by = "SIGTERM".to_owned();
        HandOver::Stopped { pid, by }
    }

    #[test]
    fn an_heir_that_says_nothing_is_dead() {
        let ground = Ground::new();
        let former = ground.hold_once(1);
        assert_eq!(former.take_over().unwrap(), HandOver::Abandoned);
        ground.hold_once(2);
        assert_eq!(former.take_over().unwrap(), HandOver::Abandoned);
        fs::write(ground.path("x.state"), "garbage").unwrap();
        assert_eq!(former.take_over().unwrap(), HandOver::Abandoned);
        fs::remove_file(ground.path("x.state")).unwrap();
        assert_eq!(former.take_over().unwrap(), HandOver::Abandoned);
    }

    #[test]
    fn the_word_of_an_heir_that_was_asked_to_stop_is_heard() {
        let ground = Ground::new();
        let former = ground.hold_once(1);
        ground.hold_once(2).leave_word("SIGTERM").unwrap();
        assert_eq!(former.take_over().unwrap(), stopped(2));
        // A later one that dies has the last word by its silence.
        ground.hold_once(3);
        assert_eq!(former.take_over().unwrap(), HandOver::Abandoned);
    }

    #[test]
    fn the_word_of_somebody_before_us_is_not_that_of_an_heir() {
        let ground = Ground::new();
        ground.hold_once(1).leave_word("SIGTERM").unwrap();
        let left = fs::read(ground.path("x.state")).unwrap();
        // On a full disk we could not say what we are: that of the one before us stays there.
        fs::create_dir(ground.path("x.state.draft")).unwrap();
        let former = ground.hold_once(2);
        assert_eq!(fs::read(ground.path("x.state")).unwrap(), left);
        assert_eq!(former.take_over().unwrap(), HandOver::Abandoned);
        fs::remove_dir(ground.path("x.state.draft")).unwrap();
        ground.hold_once(3).leave_word("SIGTERM").unwrap();
        assert_eq!(former.take_over().unwrap(), stopped(3));
    }

    #[test]
    fn who_has_lost_the_pidfile_does_not_speak_for_the_chain() {
        let ground = Ground::new();
        let (_lost, heirs) = ground.hold(1);
        fs::remove_file(ground.path("x.pid")).unwrap();
        let _newer = ground.hold(2);
        let said = fs::read(ground.path("x.state")).unwrap();
        heirs.leave_word("SIGTERM").unwrap();
        assert_eq!(fs::read(ground.path("x.state")).unwrap(), said);
    }
}
