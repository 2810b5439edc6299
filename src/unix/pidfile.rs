//! The pidfile of the chain that we hold: `NAME.pid`. Its lock is what holding means; the number in
//! it is text for people.

use std::time::Duration;
use std::{fmt, io};

use super::lock::LockFile;
use super::procfs;
use super::trusted_paths::{Identity, PrivateDir};
use crate::chain::ChainName;
use crate::core::time::Mono;

/// Runs may come a million times a second; looks at the disk need not.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// More than any pid has digits; who writes more than this into it did not write a pid.
const MOST_TEXT: usize = 64;

/// The pidfile, held. Dropping it gives the chain up.
#[derive(Debug)]
pub(crate) struct Pidfile {
    root: PrivateDir,
    names: ChainFileNames,
    lock: LockFile,
    state: Vec<u8>,
    /// Other directories that must stay in their places.
    others: Vec<PrivateDir>,
    looked: Mono,
}

/// How things stand with our pidfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PidfileStanding {
    /// The pidfile is ours.
    Held,
    /// The pidfile was deleted or replaced; there is one again, and it is ours.
    PutBack,
    /// The pidfile was deleted, and a newcomer has the new one: leave.
    Replaced,
    /// The pidfile cannot be put back, for this reason: leave.
    Lost(String),
}

/// The files of a chain in RUN_ROOT.
#[derive(Clone, Debug)]
pub(super) struct ChainFileNames {
    /// `NAME.pid`: who holds its lock is the runner.
    pub(super) pid: String,
    /// `NAME.next`: who holds its lock is the heir, and alone may ask the runner to leave.
    pub(super) next: String,
    /// `NAME.state`: what the runner reports about itself.
    pub(super) state: String,
}

impl ChainFileNames {
    pub(super) fn of(chain: &ChainName) -> Self {
        ChainFileNames {
            pid: format!("{chain}.pid"),
            next: format!("{chain}.next"),
            state: format!("{chain}.state"),
        }
    }
}

impl Pidfile {
    /// Takes over what was locked, and writes our number into it, and what we say of ourselves
    /// beside it.
    ///
    /// Neither is needed to hold the chain. What could not be written is returned.
    pub(super) fn hold(
        root: &PrivateDir,
        names: &ChainFileNames,
        lock: LockFile,
        state: Vec<u8>,
    ) -> (Self, io::Result<()>) {
        let pidfile = Pidfile {
            root: root.clone(),
            names: names.clone(),
            lock,
            state,
            others: Vec::new(),
            looked: Mono::BOOT,
        };
        let written = pidfile.write();
        (pidfile, written)
    }

    /// Looks at another directory as well each time.
    pub(crate) fn keep_in_view(&mut self, dir: PrivateDir) {
        self.others.push(dir);
    }

    /// Looks whether the pidfile is still there and ours, at most once a second; called before each
    /// run. A pidfile that was deleted is put back.
    pub(crate) fn verify(&mut self, now: Mono) -> PidfileStanding {
        if now.since(self.looked) < BETWEEN_LOOKS && self.looked != Mono::BOOT {
            return PidfileStanding::Held;
        }
        self.looked = now;
        if !self.root.is_in_its_place() {
            return self.elsewhere();
        }
        if let Some(moved) = self.others.iter().find(|dir| !dir.is_in_its_place()) {
            return PidfileStanding::Lost(moved_away(moved));
        }
        match self.lock.is_named(&self.root, &self.names.pid) {
            Ok(true) => PidfileStanding::Held,
            Ok(false) => self.put_back(),
            Err(error) => PidfileStanding::Lost(format!("cannot look at the pidfile: {error}")),
        }
    }

    /// Returns which file is locked.
    pub(super) fn identity(&self) -> Identity {
        self.lock.identity()
    }

    fn write(&self) -> io::Result<()> {
        let text = self.lock.write_text(&format!("{}\n", std::process::id()));
        let state = self.root.replace(&self.names.state, &self.state);
        text.and(state)
    }

    /// Decides what a moved directory means: a newcomer looks for this chain at the path, and may
    /// hold it there.
    fn elsewhere(&self) -> PidfileStanding {
        let there = self.root.now_in_its_place().ok().flatten();
        let lock = there.and_then(|root| LockFile::open_existing(&root, &self.names.pid).ok()?);
        match lock.map(|lock| lock.is_held()) {
            Some(Ok(true)) => PidfileStanding::Replaced,
            _ => PidfileStanding::Lost(moved_away(&self.root)),
        }
    }

    fn put_back(&mut self) -> PidfileStanding {
        let lost =
            |error: String| PidfileStanding::Lost(format!("cannot put the pidfile back: {error}"));
        let fresh = match LockFile::open(&self.root, &self.names.pid) {
            Ok(fresh) => fresh,
            Err(error) => return lost(in_full(&error)),
        };
        if fresh.identity() == self.lock.identity() {
            return self.found_again(fresh);
        }
        match fresh.try_lock() {
            Ok(true) => {}
            Ok(false) => return PidfileStanding::Replaced,
            Err(error) => return lost(error.to_string()),
        }
        self.lock = fresh;
        // Without text the pidfile holds as well.
        let _ = self.write();
        match self.lock.is_named(&self.root, &self.names.pid) {
            Ok(true) => PidfileStanding::PutBack,
            Ok(false) => lost("it is deleted again and again".to_owned()),
            Err(error) => lost(error.to_string()),
        }
    }

    /// Our own file got its name back between two looks. Opening it a second time was not to be
    /// done: with that descriptor the record lock goes, so it is taken anew. The other lock was
    /// ours all the time.
    fn found_again(&mut self, second: LockFile) -> PidfileStanding {
        drop(second);
        match self.lock.try_record_lock() {
            Ok(true) => PidfileStanding::Held,
            Ok(false) => PidfileStanding::Replaced,
            Err(error) => PidfileStanding::Lost(format!("cannot lock the pidfile again: {error}")),
        }
    }
}

fn moved_away(dir: &PrivateDir) -> String {
    let path = dir.path().display();
    format!(
        "`{path}` is no longer the directory that it was at the start: it was moved, or a link to it leads elsewhere now"
    )
}

/// Returns an error with its causes.
fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    let all: Vec<String> = all.map(ToString::to_string).collect();
    all.join(": ")
}

/// What was once written into a pidfile. Never trusted, only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PidfileContent {
    Nothing,
    Pid(i32),
    Garbage,
}

impl PidfileContent {
    /// Reads what is in a pidfile, of whatever size and form.
    pub(super) fn in_file(lock: &LockFile) -> Self {
        match lock.text(MOST_TEXT) {
            Ok(bytes) => PidfileContent::of(&bytes),
            Err(_) => PidfileContent::Garbage,
        }
    }

    fn of(bytes: &[u8]) -> Self {
        let text = bytes.trim_ascii();
        if bytes.is_empty() {
            return PidfileContent::Nothing;
        }
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let pid = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok());
        match pid {
            Some(pid) if digits && pid > 0 && bytes.len() < MOST_TEXT => PidfileContent::Pid(pid),
            _ => PidfileContent::Garbage,
        }
    }
}

impl fmt::Display for PidfileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PidfileContent::Nothing => f.write_str("nothing"),
            PidfileContent::Pid(pid) => write!(f, "{pid}"),
            PidfileContent::Garbage => f.write_str("no pid"),
        }
    }
}

/// Returns whether a process holds the lock of a pidfile of this name that was deleted, and of
/// which file.
pub(super) fn deleted_pidfile_of(
    pid: i32,
    root: &PrivateDir,
    names: &ChainFileNames,
) -> Option<Identity> {
    let device = root.identity().ok()?.device;
    let ending = format!("/{} (deleted)", names.pid);
    let deleted = procfs::descriptors(pid)
        .into_iter()
        .filter(|open| open.target.to_string_lossy().ends_with(&ending));
    deleted
        .filter_map(|open| open.identity())
        .find(|file| file.device == device && procfs::lock_holders(*file).contains(&pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_our_own_file_again_does_not_cost_the_lock_that_attests_us() {
        let dir = tempfile::tempdir().unwrap();
        let root = PrivateDir::open(dir.path()).unwrap();
        let names = ChainFileNames::of(&ChainName::parse("x").unwrap());
        let lock = LockFile::open(&root, &names.pid).unwrap();
        assert!(lock.try_lock().unwrap());
        let (mut pidfile, written) = Pidfile::hold(&root, &names, lock, Vec::new());
        written.unwrap();
        assert_eq!(procfs::lock_holders(pidfile.lock.identity()).len(), 2);
        assert_eq!(pidfile.put_back(), PidfileStanding::Held);
        assert_eq!(procfs::lock_holders(pidfile.lock.identity()).len(), 2);
    }

    #[test]
    fn only_a_number_is_a_pid() {
        assert_eq!(PidfileContent::of(b""), PidfileContent::Nothing);
        assert_eq!(PidfileContent::of(b"1234\n"), PidfileContent::Pid(1234));
        assert_eq!(PidfileContent::of(b"1234"), PidfileContent::Pid(1234));
        let long = [b'1'; MOST_TEXT];
        let garbage: [&[u8]; 9] = [
            b"\n",
            b"-1\n",
            b"0",
            b"+5",
            b"1 2",
            b"99999999999",
            b"\0\0\0\0",
            b"\xff\xfe",
            &long,
        ];
        for bytes in garbage {
            assert_eq!(
                PidfileContent::of(bytes),
                PidfileContent::Garbage,
                "{bytes:?}"
            );
        }
    }
}
