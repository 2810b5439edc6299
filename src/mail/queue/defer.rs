//! Moving messages aside and back, so that a crash at any point leaves each in one place, with what
//! belongs to it.
//!
//! What belongs to a message is written at the new place first; then the message itself is renamed,
//! which is the move; then what is left at the old place is removed. Files without their message
//! mean nothing and are written over.

use std::ffi::{OsStr, OsString};
use std::io;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::super::delivery_error::{DeliveryError, ErrorClass};
use super::{MOST_ENVELOPE, Queue, QueuePlace, file_of};
use crate::mail::schedule;
use crate::mail::wire::MOST_MESSAGE;
use crate::unix::trusted_paths::PrivateDir;

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
        trouble: &DeliveryError,
        now: SystemTime,
    ) -> io::Result<()> {
        let former = self.attempts(QueuePlace::Queue, stem);
        let attempts = former.as_ref().map_or(0, |former| former.attempts) + 1;
        let mut pause = schedule::deferral(attempts);
        if trouble.class == ErrorClass::Unanswered {
            pause = pause.max(schedule::UNANSWERED_PAUSE);
        }
        let state = Attempts {
            attempts,
            since: former.map_or(now, |former| former.since),
            next: now + pause,
            last_error: trouble.line(),
        };
        let state = serde_json::to_vec(&state)?;
        self.park(stem, QueuePlace::Deferred, remaining, ".state", &state)
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
        self.park(
            stem,
            QueuePlace::Failed,
            remaining,
            ".reason",
            reason.as_bytes(),
        )
    }

    /// Puts a copy of a message into `failed`, for the recipients that refused it, while others are
    /// still tried.
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
        let queue = self.open(QueuePlace::Queue)?;
        let content = queue.read_regular(file_of(stem, ".eml"), MOST_MESSAGE)?;
        let content = content.ok_or(io::ErrorKind::NotFound)?;
        let failed = self.open(QueuePlace::Failed)?;
        let target = free_stem(&failed, stem);
        let reason = format!("{reason}\n");
        failed.write_durably(file_of(&target, ".reason"), reason.as_bytes())?;
        let remaining = serde_json::to_vec(remaining)?;
        failed.write_durably(file_of(&target, ".json"), &remaining)?;
        failed.write_durably(file_of(&target, ".eml"), &content)
    }

    fn park(
        &self,
        stem: &OsStr,
        place: QueuePlace,
        remaining: Option<&Remaining<'_>>,
        ending: &str,
        content: &[u8],
    ) -> io::Result<()> {
        let queue = self.open(QueuePlace::Queue)?;
        let other = self.open(place)?;
        let target = free_stem(&other, stem);
        other.write_durably(file_of(&target, ending), content)?;
        match remaining {
            Some(remaining) => {
                let remaining = serde_json::to_vec(remaining)?;
                other.write_durably(file_of(&target, ".json"), &remaining)?;
            }
            None => copy_companion(&queue, stem, &other, &target, ".json")?,
        }
        move_message(&queue, stem, &other, &target)?;
        remove_companions(&queue, stem);
        Ok(())
    }

    fn attempts(&self, place: QueuePlace, stem: &OsStr) -> Option<Attempts> {
        let directory = self.open(place).ok()?;
        let bytes = companion(&directory, stem, ".state").ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns the name that it has in the queue.
    fn bring_one_back(&self, stem: &OsStr) -> io::Result<OsString> {
        let queue = self.open(QueuePlace::Queue)?;
        let deferred = self.open(QueuePlace::Deferred)?;
        let target = free_stem(&queue, stem);
        for ending in [".json", ".state"] {
            copy_companion(&deferred, stem, &queue, &target, ending)?;
        }
        move_message(&deferred, stem, &queue, &target)?;
        remove_companions(&deferred, stem);
        Ok(target)
    }
}

/// Returns what a file beside a message holds. What is no regular file was written by none of us,
/// and says nothing.
fn companion(directory: &PrivateDir, stem: &OsStr, ending: &str) -> io::Result<Option<Vec<u8>>> {
    match directory.read_regular(file_of(stem, ending), MOST_ENVELOPE) {
        Ok(content) => Ok(content),
        Err(error) if error.is_no_file() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn copy_companion(
    from: &PrivateDir,
    stem: &OsStr,
    to: &PrivateDir,
    target: &OsStr,
    ending: &str,
) -> io::Result<()> {
    match companion(from, stem, ending)? {
        Some(content) => to.write_durably(file_of(target, ending), &content),
        // One that a crash left there would be taken for this message's.
        None => to.remove(file_of(target, ending)),
    }
}

fn move_message(
    from: &PrivateDir,
    stem: &OsStr,
    to: &PrivateDir,
    target: &OsStr,
) -> io::Result<()> {
    let free = from.move_to(&file_of(stem, ".eml"), to, &file_of(target, ".eml"))?;
    if !free {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    to.sync()?;
    from.sync()
}

pub(super) fn remove_companions(directory: &PrivateDir, stem: &OsStr) {
    for ending in [".json", ".state"] {
        // What is left means nothing without its message.
        let _ = directory.remove(file_of(stem, ending));
    }
}

/// Returns the name, or with a number where another message has it.
fn free_stem(directory: &PrivateDir, stem: &OsStr) -> OsString {
    let taken = |stem: &OsStr| matches!(directory.stat(file_of(stem, ".eml")), Ok(Some(_)));
    let numbered = (1u32..).map(|number| file_of(stem, &format!("-{number}")));
    let mut names = std::iter::once(stem.to_owned()).chain(numbered);
    names
        .find(|name| !taken(name))
        .expect("there are more numbers than files")
}

/// Brings back what is due, and gives up what was tried for five days.
///
/// # Errors
///
/// When the disk refuses.
pub(crate) fn bring_back(queue: &Queue, now: SystemTime) -> io::Result<BroughtBack> {
    bring_back_if(queue, now, &|state| schedule::is_due(state.next, now))
}

/// Brings everything back, whenever it was to be tried next, and gives up what was tried for five
/// days.
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
    queue.sweep(QueuePlace::Deferred, now);
    for stem in queue.stems(QueuePlace::Deferred)? {
        let state = queue.attempts(QueuePlace::Deferred, &stem);
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
    schedule::is_deferred_too_long(state.since, state.attempts, now)
}
