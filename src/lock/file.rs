//! The lock on a file: flock(2), which the kernel ends with its holder. One host.
//!
//! What is known of the lock (the fence, the holder, the note) is in a second file beside the
//! first, `NAME.json`, which only the holder replaces, whole and durably.

use std::fs::File;
use std::io::{self, PipeWriter, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attempt::{LockAttempt, LockRenewal};
use super::error::{LockError, check_length};
use super::holder::{LockHolder, LockOwner};
use super::interrupt::Interrupt;
use super::lock_trait::{Lock, LockInterrupter};
use crate::core::settings::LockSettings;
use crate::core::time::Mono;
use crate::lease::LeaseTerms;
use crate::unix::clock;
use crate::unix::dir_watch::DirWatch;
use crate::unix::files::parent;
use crate::unix::lock::{share_flock, try_flock, unflock};
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};
use crate::unix::waiter::Waiter;

/// How often a lock is tried before it counts as held: another contender that only looks locks the
/// file for a moment.
const TRIES: u32 = 5;
/// The pause between two of these tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(2);
/// How soon a wait looks again, should the kernel report nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// The longest file beside the lock: a note, with each byte escaped.
const MOST_BYTES: u64 = 1 << 20;

/// A contender for the lock on a file.
#[derive(Debug)]
pub(super) struct FileLock {
    path: PathBuf,
    opened: Option<OpenedFile>,
    /// The fence under which this contender holds the lock.
    held: Option<u64>,
    interrupt: Interrupt,
}

#[derive(Debug)]
struct OpenedFile {
    directory: PrivateDir,
    name: String,
    file: File,
}

/// What is in the file beside the lock.
#[derive(Debug, Default, Serialize, Deserialize)]
struct LockRecord {
    fence: u64,
    #[serde(default)]
    holder: Option<LockHolder>,
    #[serde(default)]
    note: Option<String>,
}

impl FileLock {
    /// Creates a contender for the lock on the file that is named, or else is called as the lock.
    pub(super) fn new(settings: &LockSettings, key: &str) -> Self {
        // No key has a `%`.
        let name = format!("{}.lock", key.replace('/', "%"));
        let path = settings.addresses.first().map(PathBuf::from);
        FileLock {
            path: path.unwrap_or_else(|| settings.directory.join(name)),
            opened: None,
            held: None,
            interrupt: Interrupt::default(),
        }
    }

    /// Opens the file, unless that which is open still has its name.
    fn open(&mut self) -> Result<&OpenedFile, LockError> {
        let is_current = self.opened.as_ref().is_some_and(OpenedFile::is_named);
        if !is_current {
            let opened = OpenedFile::open(&self.path);
            self.opened = Some(opened.map_err(|error| self.refused(&error))?);
        }
        Ok(self.opened.as_ref().expect("it was opened just now"))
    }

    fn refused(&self, error: &dyn std::fmt::Display) -> LockError {
        LockError::Refused {
            place: self.place(),
            why: error.to_string(),
            remedy: "name a file on a local disk, in a directory that only its owner can change"
                .to_owned(),
        }
    }

    fn try_acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        let sent = clock::mono();
        let attempt = self.open()?.try_acquire(owner);
        match attempt {
            Ok(Ok(fence)) => {
                self.held = Some(fence);
                Ok(LockAttempt::Acquired { fence, sent })
            }
            Ok(Err(holder)) => Ok(LockAttempt::Held(holder)),
            Err(error) => {
                // With the lock, if that was acquired.
                self.opened = None;
                Err(self.refused(&error))
            }
        }
    }

    /// Changes what is beside the lock, if this contender holds it.
    fn change_record(&mut self, change: impl FnOnce(&mut LockRecord)) -> Result<(), LockError> {
        let held = self.opened.as_ref().filter(|opened| opened.is_named());
        let (Some(opened), Some(fence)) = (held, self.held) else {
            let place = self.place();
            return Err(LockError::NotHeld { place });
        };
        let changed = opened.record().and_then(|mut record| {
            if record.fence != fence {
                return Ok(false);
            }
            change(&mut record);
            opened.write(&record).map(|()| true)
        });
        match changed {
            Ok(true) => Ok(()),
            Ok(false) => Err(LockError::NotHeld {
                place: self.place(),
            }),
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn pause(
        &self,
        watch: &DirWatch,
        end: (&impl AsFd, PipeWriter),
        until: Mono,
    ) -> io::Result<()> {
        let (reader, writer) = end;
        let interrupt = self.interrupt.clone();
        let end_wait = move || {
            // A full pipe has ended the wait already.
            let _ = (&writer).write(&[0]);
        };
        let wait = || Waiter::new()?.wait([Some(watch.as_fd()), Some(reader.as_fd())], until);
        interrupt.during_wait(end_wait, wait).map(drop)
    }

    fn wait_until(&mut self, until: Mono) -> Result<(), LockError> {
        let path = self.path.clone();
        let opened = self.open()?;
        let looked = (|| {
            let watch = DirWatch::new()?;
            watch.watch_closing(&path)?;
            Ok((watch, opened.is_locked_by_another()?))
        })();
        let (watch, is_held) = looked.map_err(|error: io::Error| self.refused(&error))?;
        if !is_held {
            self.interrupt.take();
            return Ok(());
        }
        let paused =
            io::pipe().and_then(|(reader, writer)| self.pause(&watch, (&reader, writer), until));
        paused.map_err(|error| self.refused(&error))
    }
}

impl OpenedFile {
    fn open(path: &Path) -> Result<Self, UntrustedPath> {
        let directory = PrivateDir::open(parent(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.into_owned();
        let file = directory.open_file(&name)?;
        Ok(OpenedFile {
            directory,
            name,
            file,
        })
    }

    /// Returns whether the name of the file still leads to it.
    fn is_named(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let ours = self.file.metadata();
        let named = std::fs::symlink_metadata(self.directory.path().join(&self.name));
        matches!((ours, named), (Ok(ours), Ok(named))
            if (ours.dev(), ours.ino()) == (named.dev(), named.ino()))
    }

    /// Returns the fence of a new holder, or what is known of the present one.
    fn try_acquire(&self, owner: &LockOwner) -> io::Result<Result<u64, Option<LockHolder>>> {
        if !self.lock_in_some_tries()? {
            return Ok(Err(self.record()?.holder));
        }
        let mut record = self.record()?;
        record.fence += 1;
        record.holder = Some(LockHolder {
            owner: owner.clone(),
            since: clock::wall(),
            fence: record.fence,
        });
        self.write(&record)?;
        Ok(Ok(record.fence))
    }

    fn lock_in_some_tries(&self) -> io::Result<bool> {
        for _ in 1..TRIES {
            if try_flock(&self.file)? {
                return Ok(true);
            }
            Waiter::new()?.wait([], clock::mono() + BETWEEN_TRIES)?;
        }
        try_flock(&self.file)
    }

    /// Looks by a second opening of the file: the lock of this one is left as it is.
    fn is_locked_by_another(&self) -> io::Result<bool> {
        let probe = self.directory.open_existing_file(&self.name);
        match probe.map_err(io::Error::other)? {
            Some(probe) => Ok(!share_flock(&probe)?),
            None => Ok(false),
        }
    }

    fn record_name(&self) -> String {
        format!("{}.json", self.name)
    }

    fn record(&self) -> io::Result<LockRecord> {
        use std::io::Read;
        let file = self.directory.open_existing_file(&self.record_name());
        let Some(file) = file.map_err(io::Error::other)? else {
            return Ok(LockRecord::default());
        };
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    }

    fn write(&self, record: &LockRecord) -> io::Result<()> {
        let bytes = serde_json::to_vec(record)?;
        self.directory.write_durably(self.record_name(), &bytes)
    }
}

impl Lock for FileLock {
    fn acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        for _ in 0..TRIES {
            self.held = None;
            let attempt = self.try_acquire(owner)?;
            // A file that lost its name meanwhile excludes nothing.
            if self.opened.as_ref().is_some_and(OpenedFile::is_named) {
                return Ok(attempt);
            }
        }
        self.held = None;
        Err(self.refused(&"its file is removed again and again"))
    }

    fn renew(&mut self) -> Result<LockRenewal, LockError> {
        let sent = clock::mono();
        let is_named = self.opened.as_ref().is_some_and(OpenedFile::is_named);
        Ok(match self.held {
            Some(_) if is_named => LockRenewal::Renewed { sent },
            Some(_) => LockRenewal::Lost {
                why: "its file was removed or replaced".to_owned(),
            },
            None => LockRenewal::Lost {
                why: "it was released".to_owned(),
            },
        })
    }

    fn release(&mut self) -> Result<(), LockError> {
        let written = match self.held {
            Some(_) => self.change_record(|record| record.holder = None),
            None => Ok(()),
        };
        if let (Some(opened), Some(_)) = (&self.opened, self.held) {
            // A child that has the descriptor must not keep the lock.
            unflock(&opened.file).map_err(|error| self.refused(&error))?;
        }
        // The closing is what others wait for.
        (self.opened, self.held) = (None, None);
        match written {
            Err(LockError::NotHeld { .. }) => Ok(()),
            written => written,
        }
    }

    fn holder(&mut self) -> Result<Option<LockHolder>, LockError> {
        let is_ours = self.held.is_some();
        let opened = self.open()?;
        let found = match is_ours || opened.is_locked_by_another().unwrap_or(true) {
            true => opened.record().map(|record| record.holder),
            false => Ok(None),
        };
        found.map_err(|error| self.refused(&error))
    }

    fn wait(&mut self, at_most: Duration) -> Result<(), LockError> {
        let until = clock::mono() + at_most;
        let waited = self.wait_until(until.min(clock::mono() + LOOK_AGAIN));
        if waited.is_err() {
            self.interrupt.pause(at_most.min(Duration::from_secs(1)));
        }
        waited
    }

    fn interrupter(&self) -> LockInterrupter {
        self.interrupt.sender()
    }

    fn load_note(&mut self) -> Result<Option<String>, LockError> {
        let record = self.open()?.record();
        let record = record.map_err(|error| self.refused(&error))?;
        Ok(record.note)
    }

    fn store_note(&mut self, note: &str) -> Result<(), LockError> {
        check_length(note)?;
        self.change_record(|record| record.note = Some(note.to_owned()))
    }

    fn terms(&self) -> LeaseTerms {
        LeaseTerms::ENDLESS
    }

    fn place(&self) -> String {
        format!("the file {}", self.path.display())
    }
}
