//! The mail queue of this machine: any program drops a message, `tasks::send_mail` delivers it, `tasks::retry_deferred` brings back what
//! was put off.
//!
//! A message is `NAME.eml`; beside it may be `NAME.json` with its envelope, in the form of lettre's file transport. Without one, the
//! recipients are those of To, Cc and Bcc. To drop a message safely, write it under a name that begins with a dot or ends with `.tmp`,
//! then rename it: such names are passed over. For programs that write in place (lettre's transport does) a message is taken
//!
//! - with an envelope: as soon as the envelope is whole (it is written last);
//! - without: when nobody has it open for writing, and it has not changed for a second, in which an envelope may still come.
//!
//! Nothing is claimed by renaming: a lock that ends with its holder keeps two deliverers apart, so a message that was under way when
//! its deliverer was killed is simply still there.

mod delivery;
mod parking;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::eml::{self, Eml};
use super::wire::MOST_MESSAGE;
use crate::process::files::{self, Lock};

pub(crate) use delivery::{Outcome, deliver};
pub(crate) use parking::{Attempts, BroughtBack, bring_all_back, bring_back};

/// How long a message without an envelope must have been left alone.
pub(crate) const SETTLED: Duration = Duration::from_secs(1);
/// How long an envelope may be half written.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST_ENVELOPE: u64 = 1 << 20;

/// The directories of the queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    root: PathBuf,
}

/// Where a message can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Waiting for delivery.
    Queue,
    /// Put off.
    Deferred,
    /// Refused for good, with a `.reason` beside it.
    Failed,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::Queue => "queue",
            Place::Deferred => "deferred",
            Place::Failed => "failed",
        }
    }
}

/// A file in the queue, looked at.
pub(crate) enum Look {
    /// A message that can go.
    Whole(Message),
    /// Somebody may still be writing it.
    Young,
    /// It will never be a message: why.
    Bad(String),
    /// It is gone, or cannot be read now: why.
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
            root: state_dir.join("outbox"),
        }
    }

    /// Makes the directories, so that programs have where to drop messages.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        for place in [Place::Queue, Place::Deferred, Place::Failed] {
            files::private_dir(&self.directory(place))?;
        }
        Ok(())
    }

    /// Takes the right to deliver; `None`: another process has it.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made.
    pub(crate) fn try_lock(&self) -> io::Result<Option<Lock>> {
        files::try_lock(&self.root.join("queue.lock"))
    }

    /// Returns a directory.
    pub(crate) fn directory(&self, place: Place) -> PathBuf {
        self.root.join(place.name())
    }

    /// Returns the path of a file that belongs to a message.
    pub(crate) fn path(&self, place: Place, stem: &OsStr, ending: &str) -> PathBuf {
        let mut name = stem.to_owned();
        name.push(ending);
        self.directory(place).join(name)
    }

    /// Returns the names of the messages in a place, oldest first, without their ending.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn stems(&self, place: Place) -> io::Result<Vec<OsString>> {
        let mut found: Vec<(SystemTime, OsString)> = Vec::new();
        for entry in fs::read_dir(self.directory(place))? {
            let entry = entry?;
            let name = entry.file_name();
            if !is_message_name(&name) {
                continue;
            }
            let written = entry.metadata().and_then(|meta| meta.modified());
            let stem = Path::new(&name).file_stem().unwrap_or_default().to_owned();
            found.push((written.unwrap_or(SystemTime::UNIX_EPOCH), stem));
        }
        found.sort();
        Ok(found.into_iter().map(|(_, stem)| stem).collect())
    }

    /// Looks at a message of the queue.
    pub(crate) fn look(&self, stem: &OsStr, now: SystemTime) -> Look {
        let file = match files::open_plainly(&self.path(Place::Queue, stem, ".eml")) {
            Ok(file) => file,
            Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
                return Look::Bad("it is a symbolic link, not a message".to_owned());
            }
            Err(error) => return Look::Unreadable(error),
        };
        let meta = match file.metadata() {
            Ok(meta) if meta.is_file() => meta,
            Ok(_) => return Look::Bad("it is not a regular file".to_owned()),
            Err(error) => return Look::Unreadable(error),
        };
        let envelope = match self.envelope(stem, now) {
            Ok(envelope) => envelope,
            Err(look) => return look,
        };
        if files::being_written(&file) || (envelope.is_none() && is_young(&meta, now)) {
            return Look::Young;
        }
        if meta.len() > MOST_MESSAGE {
            return Look::Bad(format!("it is larger than {} MiB", MOST_MESSAGE >> 20));
        }
        read(file, &meta, stem, envelope)
    }

    /// Reads the envelope beside a message, if there is one.
    fn envelope(&self, stem: &OsStr, now: SystemTime) -> Result<Option<Envelope>, Look> {
        let path = self.path(Place::Queue, stem, ".json");
        let file = match files::open_plainly(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Look::Unreadable(error)),
        };
        let meta = file.metadata().map_err(Look::Unreadable)?;
        let mut text = Vec::new();
        file.take(MOST_ENVELOPE)
            .read_to_end(&mut text)
            .map_err(Look::Unreadable)?;
        match serde_json::from_slice::<Envelope>(&text) {
            Ok(envelope) => Ok(Some(envelope)),
            Err(_) if age(&meta, now) < PATIENCE => Err(Look::Young),
            Err(error) => Err(Look::Bad(format!("its envelope cannot be read: {error}"))),
        }
    }
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

fn read(file: File, meta: &Metadata, stem: &OsStr, envelope: Option<Envelope>) -> Look {
    let mut raw = Vec::new();
    if let Err(error) = file.take(MOST_MESSAGE + 1).read_to_end(&mut raw) {
        return Look::Unreadable(error);
    }
    let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let Eml { from, to, bytes } = match eml::read(&raw, &unique(stem, written)) {
        Ok(eml) => eml,
        Err(reason) => return Look::Bad(reason),
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
        return Look::Bad("it names no recipient in To, Cc, Bcc or an envelope".to_owned());
    }
    Look::Whole(Message { bytes, from, to })
}

/// What names a message as long as it is here: moving it changes neither.
fn unique(stem: &OsStr, written: SystemTime) -> String {
    let since = written
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    format!("{} {}", stem.to_string_lossy(), since.as_nanos())
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
