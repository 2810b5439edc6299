//! Moving messages aside and back, so that a crash at any point leaves each in one place, with what belongs to it.
//!
//! What belongs to a message is written at the new place first; then the message itself is renamed, which is the move; then what is left
//! at the old place is removed. Files without their message mean nothing and are written over.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Place, Queue};
use crate::mail::schedule;
use crate::mail::trouble::{Class, Trouble};
use crate::process::files;

/// How long a message is kept.
const LIFETIME: Duration = Duration::from_secs(5 * 86_400);
/// The least pause after a message that may have arrived.
const UNANSWERED_PAUSE: Duration = Duration::from_secs(300);

/// What was tried with a message: `NAME.state` beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attempts {
    /// How many failed.
    pub attempts: u32,
    /// The first of them.
    pub since: SystemTime,
    /// When it may be tried again.
    pub next: SystemTime,
    /// Why the last one failed.
    pub last_error: String,
}

/// What `retry_deferred` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BroughtBack {
    /// How many are in the queue again.
    pub returned: usize,
    /// How many were too old and went to `failed`.
    pub expired: usize,
    /// How many wait for their time.
    pub waiting: usize,
}

/// An envelope in lettre's form, for the recipients that are left.
#[derive(Serialize)]
pub(crate) struct Remaining<'a> {
    pub forward_path: &'a [String],
    pub reverse_path: Option<&'a str>,
}

impl Queue {
    /// Moves a message from the queue to `deferred`, to be tried again later.
    ///
    /// # Errors
    ///
    /// When the disk refuses; the message is still in the queue then.
    pub(crate) fn defer(
        &self,
        stem: &OsStr,
        remaining: Option<&Remaining<'_>>,
        trouble: &Trouble,
        now: SystemTime,
    ) -> io::Result<()> {
        let former = self.attempts(Place::Queue, stem);
        let attempts = former.as_ref().map_or(0, |former| former.attempts) + 1;
        let mut pause = schedule::deferral(attempts);
        if trouble.class == Class::Unanswered {
            pause = pause.max(UNANSWERED_PAUSE);
        }
        let state = Attempts {
            attempts,
            since: former.map_or(now, |former| former.since),
            next: now + pause,
            last_error: trouble.line(),
        };
        let state = serde_json::to_vec(&state)?;
        self.park(stem, Place::Deferred, remaining, ".state", &state)
    }

    /// Moves a message from the queue to `failed`, with the reason beside it.
    ///
    /// # Errors
    ///
    /// When the disk refuses; the message is still in the queue then.
    pub(crate) fn fail(
        &self,
        stem: &OsStr,
        remaining: Option<&Remaining<'_>>,
        reason: &str,
    ) -> io::Result<()> {
        let reason = format!("{reason}\n");
        self.park(stem, Place::Failed, remaining, ".reason", reason.as_bytes())
    }

    /// Puts a copy of a message into `failed`, for the recipients that refused it, while others are still tried.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn fail_copy(
        &self,
        stem: &OsStr,
        remaining: &Remaining<'_>,
        reason: &str,
    ) -> io::Result<()> {
        let content = fs::read(self.path(Place::Queue, stem, ".eml"))?;
        let target = self.free_stem(Place::Failed, stem);
        self.write(
            Place::Failed,
            &target,
            ".reason",
            format!("{reason}\n").as_bytes(),
        )?;
        self.write(
            Place::Failed,
            &target,
            ".json",
            &serde_json::to_vec(remaining)?,
        )?;
        self.write(Place::Failed, &target, ".eml", &content)
    }

    fn park(
        &self,
        stem: &OsStr,
        place: Place,
        remaining: Option<&Remaining<'_>>,
        ending: &str,
        content: &[u8],
    ) -> io::Result<()> {
        let target = self.free_stem(place, stem);
        self.write(place, &target, ending, content)?;
        match remaining {
            Some(remaining) => {
                self.write(place, &target, ".json", &serde_json::to_vec(remaining)?)?;
            }
            None => self.copy_envelope(stem, place, &target)?,
        }
        self.rename(Place::Queue, stem, place, &target)?;
        self.remove_companions(Place::Queue, stem);
        Ok(())
    }

    fn copy_envelope(&self, stem: &OsStr, place: Place, target: &OsStr) -> io::Result<()> {
        match fs::read(self.path(Place::Queue, stem, ".json")) {
            Ok(envelope) => self.write(place, target, ".json", &envelope),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // One that a crash left here would be taken for this message's.
                files::remove(&self.path(place, target, ".json"))
            }
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: Place, stem: &OsStr, to: Place, target: &OsStr) -> io::Result<()> {
        let source = self.path(from, stem, ".eml");
        let free = files::rename_to_free_name(&source, &self.path(to, target, ".eml"))?;
        if !free {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files::sync_dir(&self.directory(to))?;
        files::sync_dir(&self.directory(from))
    }

    fn write(&self, place: Place, stem: &OsStr, ending: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(place, stem, ending);
        files::write_file_durably(&path, bytes)
    }

    pub(super) fn remove_companions(&self, place: Place, stem: &OsStr) {
        for ending in [".json", ".state"] {
            // What is left means nothing without its message.
            let _ = files::remove(&self.path(place, stem, ending));
        }
    }

    /// Returns the name, or with a number where another message has it.
    fn free_stem(&self, place: Place, stem: &OsStr) -> OsString {
        let taken = |stem: &OsStr| self.path(place, stem, ".eml").symlink_metadata().is_ok();
        let numbered = (1u32..).map(|number| {
            let mut name = stem.to_owned();
            name.push(format!("-{number}"));
            name
        });
        let names = std::iter::once(stem.to_owned()).chain(numbered);
        names
            .into_iter()
            .find(|name| !taken(name))
            .expect("there are more numbers than files")
    }

    fn attempts(&self, place: Place, stem: &OsStr) -> Option<Attempts> {
        let bytes = fs::read(self.path(place, stem, ".state")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns the name that it has in the queue.
    fn bring_one_back(&self, stem: &OsStr) -> io::Result<OsString> {
        let target = self.free_stem(Place::Queue, stem);
        for ending in [".json", ".state"] {
            match fs::read(self.path(Place::Deferred, stem, ending)) {
                Ok(content) => self.write(Place::Queue, &target, ending, &content)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    files::remove(&self.path(Place::Queue, &target, ending))?;
                }
                Err(error) => return Err(error),
            }
        }
        self.rename(Place::Deferred, stem, Place::Queue, &target)?;
        self.remove_companions(Place::Deferred, stem);
        Ok(target)
    }
}

/// Brings back what is due, and gives up what was tried for five days.
///
/// # Errors
///
/// When the disk refuses.
pub(crate) fn bring_back(queue: &Queue, now: SystemTime) -> io::Result<BroughtBack> {
    bring_back_if(queue, now, &|state| schedule::is_due(state.next, now))
}

/// Brings everything back, whenever it was to be tried next, and gives up what was tried for five days.
///
/// # Errors
///
/// When the disk refuses.
pub(crate) fn bring_all_back(queue: &Queue, now: SystemTime) -> io::Result<BroughtBack> {
    bring_back_if(queue, now, &|_| true)
}

fn bring_back_if(
    queue: &Queue,
    now: SystemTime,
    due: &dyn Fn(&Attempts) -> bool,
) -> io::Result<BroughtBack> {
    let mut done = BroughtBack::default();
    queue.sweep(Place::Deferred, now);
    for stem in queue.stems(Place::Deferred)? {
        let state = queue.attempts(Place::Deferred, &stem);
        if !state.as_ref().is_none_or(due) {
            done.waiting += 1;
            continue;
        }
        let expired = state.as_ref().is_some_and(|state| is_expired(state, now));
        let stem = queue.bring_one_back(&stem)?;
        if !expired {
            done.returned += 1;
            continue;
        }
        let last = state.map(|state| state.last_error).unwrap_or_default();
        queue.fail(
            &stem,
            None,
            &format!("given up after 5 days; the last attempt: {last}"),
        )?;
        done.expired += 1;
    }
    Ok(done)
}

fn is_expired(state: &Attempts, now: SystemTime) -> bool {
    now.duration_since(state.since).unwrap_or_default() > LIFETIME
}
