//! The mail queue of this machine: any program drops a message, `tasks::send_mail` delivers it,
//! `tasks::retry_deferred` brings back what was put off.
//!
//! A message is `NAME.eml`; beside it may be `NAME.json` with its envelope, in the form of lettre's
//! file transport. Without one, the recipients are those of To, Cc and Bcc. To drop a message
//! safely, write it under a name that begins with a dot or ends with `.tmp`, then rename it: such
//! names are passed over. For programs that write in place (lettre's transport does) a message is
//! taken
//!
//! - with an envelope: as soon as the envelope is whole (it is written last);
//! - without: when nobody has it open for writing, and it has not changed for a second, in which an
//!   envelope may still come.
//!
//! Nothing is claimed by renaming: a lock that ends with its holder keeps two deliverers apart, so
//! a message that was under way when its deliverer was killed is simply still there.

mod delivery;
mod leftovers;

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::eml::{self, Eml};
use super::wire::MOST_MESSAGE;
use crate::unix::files::{self, FileLockGuard};
use crate::unix::trusted_paths::{PrivateDir, StateDir, UntrustedPath};

pub(crate) use defer::{Attempts, BroughtBack, bring_all_back, bring_back};
pub(crate) use delivery::{MessageOutcome, deliver};

/// How long a message without an envelope must have been left alone.
pub(crate) const SETTLED: Duration = Duration::from_secs(1);
/// How long an envelope may be half written.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST_ENVELOPE: u64 = 1 << 20;

/// The directories of the queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    state: StateDir,
}

/// Where a message can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueuePlace {
    /// Waiting for delivery.
    Queue,
    /// Put off.
    Deferred,
    /// Refused for good, with a `.reason` beside it.
    Failed,
}

impl QueuePlace {
    fn name(self) -> &'static str {
        match self {
            QueuePlace::Queue => "queue",
            QueuePlace::Deferred => "deferred",
            QueuePlace::Failed => "failed",
        }
    }
}

/// A file in the queue, looked at.
pub(crate) enum QueueLook {
    /// A message that can go.
    Whole(Message),
    /// Somebody may still be writing it.
    Young,
    /// The file will never be a message: why.
    Bad(String),
    /// The file is gone, or cannot be read now: why.
    Unreadable(io::Error),
}

/// A message that can go.
#[derive(Debug)]
pub(crate) struct Message {
    /// What is sent.
    pub bytes: Vec<u8>,
    /// The sender; `None`: the empty one.
    pub from: Option<String>,
    /// The recipients, at least one.
    pub to: Vec<String>,
}

impl Queue {
    /// Names the queue of a state directory.
    pub(crate) fn of(state_dir: &Path) -> Self {
        Queue {
            state: state_dir.into(),
        }
    }

    /// Makes the directories, so that programs have where to drop messages.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        for place in [QueuePlace::Queue, QueuePlace::Deferred, QueuePlace::Failed] {
            self.open(place)?;
        }
        Ok(())
    }

    /// Takes the right to deliver; `None`: another process has it.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made.
    pub(crate) fn try_lock(&self) -> io::Result<Option<FileLockGuard>> {
        Ok(self.root()?.try_lock("queue.lock")?)
    }

    fn root(&self) -> Result<PrivateDir, UntrustedPath> {
        self.state.made()?.below("outbox")
    }

    /// Opens a directory.
    pub(crate) fn open(&self, place: QueuePlace) -> Result<PrivateDir, UntrustedPath> {
        self.root()?.below(place.name())
    }

    /// Returns the path of a directory, for people.
    pub(crate) fn directory(&self, place: QueuePlace) -> PathBuf {
        self.state.path().join("outbox").join(place.name())
    }

    /// Returns the names of the messages in a place, oldest first, without their ending.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn stems(&self, place: QueuePlace) -> io::Result<Vec<OsString>> {
        let directory = self.open(place)?;
        let names = directory.names()?.into_iter();
        let found = names.filter(|name| is_message_name(name)).map(|name| {
            let stem = Path::new(&name).file_stem().unwrap_or_default().to_owned();
            (directory.written(&name), stem)
        });
        let mut found: Vec<(SystemTime, OsString)> = found.collect();
        found.sort();
        Ok(found.into_iter().map(|(_, stem)| stem).collect())
    }

    /// Looks at a message of the queue.
    pub(crate) fn look(&self, stem: &OsStr, now: SystemTime) -> QueueLook {
        let directory = match self.open(QueuePlace::Queue) {
            Ok(directory) => directory,
            Err(error) => return QueueLook::Unreadable(error.into()),
        };
        let file = match directory.open_regular(file_of(stem, ".eml")) {
            Ok(file) => file,
            Err(error) if error.is_link() => {
                return QueueLook::Bad("it is a symbolic link, not a message".to_owned());
            }
            Err(error) if error.is_no_file() => {
                return QueueLook::Bad("it is not a regular file".to_owned());
            }
            Err(error) => return QueueLook::Unreadable(error.into()),
        };
        let meta = match file.metadata() {
            Ok(meta) => meta,
            Err(error) => return QueueLook::Unreadable(error),
        };
        let envelope = match envelope(&directory, stem, now) {
            Ok(envelope) => envelope,
            Err(look) => return look,
        };
        if files::being_written(&file) || (envelope.is_none() && is_young(&meta, now)) {
            return QueueLook::Young;
        }
        if meta.len() > MOST_MESSAGE {
            return QueueLook::Bad(format!("it is larger than {} MiB", MOST_MESSAGE >> 20));
        }
        read(file, &meta, stem, envelope)
    }
}

/// Reads the envelope beside a message, if there is one.
fn envelope(
    directory: &PrivateDir,
    stem: &OsStr,
    now: SystemTime,
) -> Result<Option<Envelope>, QueueLook> {
    let file = match directory.open_regular(file_of(stem, ".json")) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) if error.is_no_file() => {
            return Err(QueueLook::Bad(
                "its envelope is not a regular file".to_owned(),
            ));
        }
        Err(error) => return Err(QueueLook::Unreadable(error.into())),
    };
    let meta = file.metadata().map_err(QueueLook::Unreadable)?;
    let mut text = Vec::new();
    file.take(MOST_ENVELOPE)
        .read_to_end(&mut text)
        .map_err(QueueLook::Unreadable)?;
    match serde_json::from_slice::<Envelope>(&text) {
        Ok(envelope) => Ok(Some(envelope)),
        Err(_) if age(&meta, now) < PATIENCE => Err(QueueLook::Young),
        Err(error) => Err(QueueLook::Bad(format!(
            "its envelope cannot be read: {error}"
        ))),
    }
}

/// Returns the name of a file that belongs to a message.
pub(crate) fn file_of(stem: &OsStr, ending: &str) -> OsString {
    let mut name = stem.to_owned();
    name.push(ending);
    name
}

/// An envelope as lettre's file transport writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    forward_path: Vec<Mailbox>,
    reverse_path: Option<Mailbox>,
}

/// lettre writes addresses as text, and reads them as parts too.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Mailbox {
    Text(String),
    Parts { user: String, domain: String },
}

impl Mailbox {
    fn into_address(self) -> String {
        match self {
            Mailbox::Text(text) => text,
            Mailbox::Parts { user, domain } => format!("{user}@{domain}"),
        }
    }
}

/// Returns whether a file of this name is a message: it ends with `.eml` and is not hidden.
pub(crate) fn is_message_name(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.ends_with(b".eml") && !bytes.starts_with(b".")
}

fn age(meta: &Metadata, now: SystemTime) -> Duration {
    let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    // A time in the future was set by another clock and tells nothing.
    now.duration_since(written).unwrap_or(Duration::MAX)
}

fn is_young(meta: &Metadata, now: SystemTime) -> bool {
    age(meta, now) < SETTLED
}

fn read(file: File, meta: &Metadata, stem: &OsStr, envelope: Option<Envelope>) -> QueueLook {
    let mut raw = Vec::new();
    if let Err(error) = file.take(MOST_MESSAGE + 1).read_to_end(&mut raw) {
        return QueueLook::Unreadable(error);
    }
    let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let Eml { from, to, bytes } = match eml::read(&raw, &unique(stem, written)) {
        Ok(eml) => eml,
        Err(reason) => return QueueLook::Bad(reason),
    };
    let (from, to) = match envelope {
        Some(envelope) => {
            let to = envelope.forward_path.into_iter();
            let from = envelope.reverse_path.map(Mailbox::into_address);
            (from, to.map(Mailbox::into_address).collect())
        }
        None => (from, to),
    };
    if to.is_empty() {
        return QueueLook::Bad("it names no recipient in To, Cc, Bcc or an envelope".to_owned());
    }
    QueueLook::Whole(Message { bytes, from, to })
}

/// What names a message as long as it is here: moving it changes neither.
fn unique(stem: &OsStr, written: SystemTime) -> String {
    let since = written
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    format!("{} {}", stem.to_string_lossy(), since.as_nanos())
}

pub(crate) mod defer;
#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
