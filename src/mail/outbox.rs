//! The outbox: what waits to leave, on disk, so that neither a crash nor a dead server loses a mail.
//!
//! `STATE_DIR/outbox/alerts` holds our own letters, one JSON file each with its envelope; `queue`, `deferred` and `failed` hold the
//! messages of [`queue`](super::queue). `path.json` tells since when the way to the server is broken, and why,
//! and counts what found no room. Files that are not whole do not exist: each is written beside its place and renamed.

mod entry;
mod left;
mod listing;
mod notes;
mod report;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use super::trouble::shortened;
use crate::hash::fnv1a;
use crate::letter::Letter;
use crate::process::clock;
use crate::process::files::{self, Lock};

pub(crate) use entry::{Entry, Recipient, State};
pub(crate) use left::End;
pub(crate) use listing::{Item, Listing, listing};
pub(crate) use notes::{BrokenPath, Notes};
pub(crate) use report::{Report, is_closed, report};

/// How many letters wait at most.
const MOST_FILES: usize = 64;
/// How large they may be together.
const MOST_BYTES: u64 = 4 << 20;
/// How many of our own letters `failed` keeps.
const MOST_FAILED: usize = 64;
/// What holds these letters in `failed` apart from the messages of users.
const FAILED_PREFIX: &str = "alert-";

/// Our own letters that wait to leave.
#[derive(Debug)]
pub(crate) struct Outbox {
    root: PathBuf,
    /// What could not be written: kept until it can be delivered, or until the process ends.
    memory: Mutex<Vec<Entry>>,
}

/// Where a letter is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// On disk: nothing loses it.
    OnDisk,
    /// In memory only, because the disk refuses: the reason in words.
    InMemory(String),
}

impl Outbox {
    /// Names the outbox of a state directory. Nothing is made before there is something to write.
    pub(crate) fn open(state_dir: &Path) -> Self {
        Outbox {
            root: state_dir.join("outbox"),
            memory: Mutex::new(Vec::new()),
        }
    }

    /// Takes a letter. What it replaces (an older reminder of its outage) goes; what finds no room is counted.
    pub(crate) fn put(&self, letter: &Letter, to: &[String], now: SystemTime) -> Kept {
        let mut memory = self.memory();
        let mut entry = Entry::new(letter.clone(), to, now);
        let waiting = self.waiting_with(&memory);
        if waiting.iter().any(|old| old.is_same_letter(&entry)) {
            return Kept::OnDisk;
        }
        let replaced: Vec<Entry> = waiting
            .into_iter()
            .filter(|old| entry.replaces(old))
            .collect();
        for old in &replaced {
            entry.take_over(old);
        }
        let kept = match self.write(&entry) {
            Ok(()) => Kept::OnDisk,
            Err(error) => {
                memory.push(entry.clone());
                Kept::InMemory(format!(
                    "`{}` cannot be written: {error}",
                    self.alerts().display()
                ))
            }
        };
        for old in &replaced {
            self.forget(&mut memory, old);
        }
        self.make_room(&mut memory, &entry, now);
        kept
    }

    /// Returns what waits, oldest first. A file that cannot be read as a letter is moved to `failed`.
    pub(crate) fn waiting(&self) -> Vec<Entry> {
        let memory = self.memory();
        self.waiting_with(&memory)
    }

    /// Writes what has become of a letter. One that was replaced meanwhile stays gone.
    pub(crate) fn update(&self, entry: &Entry) {
        let mut memory = self.memory();
        if let Some(kept) = memory.iter_mut().find(|old| old.is_same_letter(entry)) {
            *kept = entry.clone();
        } else if self.path(entry).exists() && self.write(entry).is_err() {
            // The state on disk is older: at worst a recipient gets the same Message-ID twice. Memory knows better as long as it lives.
            let _ = files::remove(&self.path(entry));
            memory.push(entry.clone());
        }
    }

    /// Tries once more to write what is in memory only, because the process ends. Returns the subjects of what is lost then.
    pub(crate) fn rescue(&self) -> Vec<String> {
        let mut memory = self.memory();
        memory.retain(|entry| self.write(entry).is_err());
        let subjects = memory.iter().map(|entry| entry.letter.subject.clone());
        subjects.collect()
    }

    /// Removes a letter that has left.
    pub(crate) fn remove(&self, entry: &Entry) {
        let mut memory = self.memory();
        self.forget(&mut memory, entry);
    }

    /// Moves a message that will not leave to `failed`, with the reason beside it.
    pub(crate) fn fail(&self, stem: &str, message: &[u8], reason: &str) {
        let failed = self.root.join("failed");
        let stem = format!("{FAILED_PREFIX}{stem}");
        let written = files::private_dir(&failed)
            .and_then(|()| files::write_durably(&failed, &format!("{stem}.eml"), message))
            .and_then(|()| {
                files::write_durably(
                    &failed,
                    &format!("{stem}.reason"),
                    format!("{reason}\n").as_bytes(),
                )
            });
        if let Err(error) = written {
            log::error!("a mail that failed cannot be kept in `failed`: {error}");
        }
        trim_failed(&failed);
    }

    /// Takes the right to deliver; `None`: another process has it.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made. Delivery may go on: a disk that refuses has nothing of others to deliver either.
    pub(crate) fn try_lock(&self) -> io::Result<Option<Lock>> {
        files::private_dir(&self.root)?;
        files::try_lock(&self.root.join("lock"))
    }

    /// Returns what is to be told besides letters. That it was damaged is told as well, once.
    pub(crate) fn notes(&self) -> Notes {
        let Err(error) = Notes::try_read(&self.root) else {
            return Notes::read(&self.root);
        };
        log::error!(
            "What was known of mail that could not leave is damaged, and forgotten: {error}"
        );
        let mut notes = Notes::default();
        notes.remember_refusal(
            "What was known of mail that could not leave was damaged, and is forgotten".to_owned(),
        );
        self.keep_notes(&notes);
        notes
    }

    /// Keeps what is to be told besides letters; a disk that refuses has been told of already.
    pub(crate) fn keep_notes(&self, notes: &Notes) {
        let _ = files::private_dir(&self.root).and_then(|()| notes.write(&self.root));
    }

    /// Counts what has become of a letter for one recipient; a disk that refuses has been told of already.
    pub(crate) fn count(&self, entry: &Entry, end: End) {
        let place = &entry.letter.place;
        let _ = files::private_dir(&self.root).and_then(|()| left::count(&self.root, place, end));
    }

    /// Makes everything that waits due now.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn make_due(&self) -> io::Result<()> {
        let mut notes = self.notes();
        if let Some(broken) = &mut notes.broken {
            broken.next = SystemTime::UNIX_EPOCH;
            notes.write(&self.root)?;
        }
        for mut entry in self.waiting() {
            entry.make_due();
            self.write(&entry)?;
        }
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.memory
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    fn alerts(&self) -> PathBuf {
        self.root.join("alerts")
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.alerts().join(entry.file_name())
    }

    fn write(&self, entry: &Entry) -> io::Result<()> {
        let alerts = self.alerts();
        files::private_dir(&alerts)?;
        files::write_durably(&alerts, &entry.file_name(), &serde_json::to_vec(entry)?)
    }

    fn forget(&self, memory: &mut Vec<Entry>, entry: &Entry) {
        memory.retain(|old| !old.is_same_letter(entry));
        let _ = files::remove(&self.path(entry));
    }

    fn waiting_with(&self, memory: &[Entry]) -> Vec<Entry> {
        let mut waiting = self.on_disk();
        waiting.extend(memory.iter().cloned());
        waiting.sort_by(|a, b| {
            (a.created, &a.letter.message_id).cmp(&(b.created, &b.letter.message_id))
        });
        waiting
    }

    fn on_disk(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for path in letters_in(&self.alerts()) {
            match read_entry(&path) {
                Ok(entry) => entries.push(entry),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    self.set_aside(&path, &error);
                }
                // Gone meanwhile, or not readable now: seen again at the next look.
                Err(_) => {}
            }
        }
        entries
    }

    fn set_aside(&self, path: &Path, error: &io::Error) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let content = fs::read(path).unwrap_or_default();
        let reason = format!("this file of the outbox cannot be read as a letter: {error}");
        log::error!("`{}` is damaged and was moved to `failed`", path.display());
        self.fail(&stem, &content, &reason);
        let _ = files::remove(path);
        let mut notes = self.notes();
        notes.count_dropped("damaged", clock::wall());
        self.keep_notes(&notes);
    }

    /// Drops the least important letters until the rest fits. The newest one always stays.
    fn make_room(&self, memory: &mut Vec<Entry>, newest: &Entry, now: SystemTime) {
        let mut waiting = self.waiting_with(memory);
        let mut dropped = Vec::new();
        while waiting.len() > MOST_FILES || total_bytes(&waiting) > MOST_BYTES {
            let candidates = waiting.iter().enumerate();
            let victim = candidates
                .filter(|(_, entry)| !entry.is_same_letter(newest))
                .min_by_key(|(_, entry)| entry.importance());
            let Some((index, _)) = victim else { break };
            dropped.push(waiting.remove(index));
        }
        if dropped.is_empty() {
            return;
        }
        let mut notes = self.notes();
        for entry in &dropped {
            self.forget(memory, entry);
            notes.count_dropped(&entry.letter.place.sort, now);
        }
        self.keep_notes(&notes);
        let count = dropped.len();
        log::error!("the outbox is full: {count} waiting mail dropped; see `mail queue`");
    }
}

fn total_bytes(entries: &[Entry]) -> u64 {
    entries.iter().map(Entry::size).sum()
}

/// Returns the files in a directory that are ours, in order of name.
fn letters_in(directory: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = found
        .map(|entry| entry.path())
        .filter(|path| is_letter(path))
        .collect();
    paths.sort();
    paths
}

fn is_letter(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".json") && !name.starts_with('.')
}

fn read_entry(path: &Path) -> io::Result<Entry> {
    use std::io::Read;
    let mut bytes = Vec::new();
    files::open_plainly(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    let entry: Entry = serde_json::from_slice(&bytes).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, shortened(&error.to_string()))
    })?;
    if entry.version == entry::VERSION {
        Ok(entry)
    } else {
        let words = format!("version {} is not known here", entry.version);
        Err(io::Error::new(io::ErrorKind::InvalidData, words))
    }
}

/// Keeps the newest of our own letters in `failed`: an address that is wrong for months must not fill the disk.
fn trim_failed(failed: &Path) {
    let found = fs::read_dir(failed).into_iter().flatten().flatten();
    let mut ours: Vec<(SystemTime, PathBuf)> = found
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(FAILED_PREFIX) && name.ends_with(".eml")
        })
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    ours.sort();
    let surplus = ours.len().saturating_sub(MOST_FAILED);
    for (_, path) in ours.drain(..surplus) {
        let _ = files::remove(&path);
        let _ = files::remove(&path.with_extension("reason"));
    }
}

/// Returns a number for names, from what identifies a letter.
fn number_of(message_id: &str) -> u64 {
    fnv1a(message_id.as_bytes())
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
