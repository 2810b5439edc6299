//! Our own mails that wait to leave: taken in, updated, removed.

use std::ffi::OsStr;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::entry::QueuedMail;
use super::mail_files::{ALERTS, NAME, existing_root, mails_of, read_entry};
use super::path_state::PathState;
use super::room::{self, FAILED_PREFIX, MOST_BYTES};
use crate::core::admin_mail::AdminMail;
use crate::unix::files::FileLockGuard;
use crate::unix::trusted_paths::{PrivateDir, StateDir, UntrustedPath};
use crate::unix::{clock, resource_check};

/// Our own mails that wait to leave.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(super) state: StateDir,
    /// What could not be written: kept until it can be delivered, or until the process ends.
    memory: Mutex<Vec<QueuedMail>>,
    /// How many these are, for the loop of the chain, which waits for no disk.
    in_memory: AtomicU64,
    /// Whether something had run short at the last look: what waits may not have been seen.
    blind: AtomicBool,
    /// Held while a record besides mails is read, changed and written.
    records: Mutex<()>,
}

/// Where a mail is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeptWhere {
    /// On disk: nothing loses it.
    OnDisk,
    /// In memory only, because the disk refuses: the reason in words.
    InMemory(String),
}

impl Outbox {
    /// Names the outbox of a state directory. Nothing is made before there is something to write.
    pub(crate) fn open(state_dir: impl Into<StateDir>) -> Self {
        Outbox {
            state: state_dir.into(),
            memory: Mutex::new(Vec::new()),
            in_memory: AtomicU64::new(0),
            blind: AtomicBool::new(false),
            records: Mutex::new(()),
        }
    }

    /// Takes a mail. What it replaces (an older reminder of its outage) goes; what finds no room
    /// is counted.
    pub(crate) fn put(&self, mail: &AdminMail, to: &[String], now: SystemTime) -> KeptWhere {
        let mut memory = self.memory();
        let mut entry = QueuedMail::new(mail.clone(), to, now);
        let waiting = self.waiting_with(&memory);
        if waiting.iter().any(|old| old.is_same_mail(&entry)) {
            return KeptWhere::OnDisk;
        }
        let replaced: Vec<QueuedMail> = waiting
            .into_iter()
            .filter(|old| entry.replaces(old))
            .collect();
        for old in &replaced {
            entry.take_over(old);
        }
        let kept = match self.write(&entry) {
            Ok(()) => KeptWhere::OnDisk,
            Err(error) => {
                memory.push(entry.clone());
                KeptWhere::InMemory(format!(
                    "`{}` cannot be written: {error}",
                    self.state.path().join(NAME).join(ALERTS).display()
                ))
            }
        };
        for old in &replaced {
            self.forget(&mut memory, old);
        }
        self.make_room(&mut memory, &entry, now);
        self.count_memory(&memory);
        kept
    }

    /// Returns what waits, oldest first. A file that cannot be read as a mail is moved to
    /// `failed`.
    pub(crate) fn waiting(&self) -> Vec<QueuedMail> {
        let memory = self.memory();
        self.waiting_with(&memory)
    }

    /// Writes what has become of a mail. One that was replaced meanwhile stays gone.
    pub(crate) fn update(&self, entry: &QueuedMail) {
        let mut memory = self.memory();
        if let Some(kept) = memory.iter_mut().find(|old| old.is_same_mail(entry)) {
            *kept = entry.clone();
        } else if self.has(entry) && self.write(entry).is_err() {
            // The state on disk is older: at worst a recipient gets the same Message-ID twice.
            // Memory knows better as long as it lives.
            self.delete(entry);
            memory.push(entry.clone());
        }
        self.count_memory(&memory);
    }

    /// Removes a mail that has left.
    pub(crate) fn remove(&self, entry: &QueuedMail) {
        let mut memory = self.memory();
        self.forget(&mut memory, entry);
        self.count_memory(&memory);
    }

    /// Moves a message that will not leave to `failed`, with the reason beside it.
    pub(crate) fn fail(&self, stem: &str, message: &[u8], reason: &str) {
        let stem = format!("{FAILED_PREFIX}{stem}");
        let kept = self.root().map_err(io::Error::from).and_then(|root| {
            let failed = root.below("failed")?;
            failed.write_durably(format!("{stem}.eml"), message)?;
            failed.write_durably(format!("{stem}.reason"), format!("{reason}\n").as_bytes())?;
            room::trim_failed(&failed);
            Ok(())
        });
        if let Err(error) = kept {
            log::error!("a mail that failed cannot be kept in `failed`: {error}");
        }
    }

    /// Takes the right to deliver; `None`: another process has it.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made. Delivery may go on: a disk that refuses has nothing of
    /// others to deliver either.
    pub(crate) fn try_lock(&self) -> io::Result<Option<FileLockGuard>> {
        Ok(self.root()?.try_lock("lock")?)
    }

    /// Returns what is to be told besides mails. That it was damaged is told as well, once.
    pub(crate) fn notes(&self) -> PathState {
        let Ok(Some(root)) = existing_root(&self.state) else {
            return PathState::default();
        };
        let error = match PathState::try_read(&root) {
            Ok(notes) => return notes,
            Err(error) => error,
        };
        log::error!(
            "What was known of mail that could not leave is damaged, and forgotten: {error}"
        );
        let mut notes = PathState::default();
        notes.remember_refusal(
            "What was known of mail that could not leave was damaged, and is forgotten".to_owned(),
        );
        self.keep_notes(&notes);
        notes
    }

    /// Changes the notes on disk, whose latest state another thread may have written. A disk that
    /// refuses was reported already.
    pub(crate) fn change_notes(&self, change: impl FnOnce(&mut PathState)) {
        let _ = self.try_change_notes(change);
    }

    fn try_change_notes(&self, change: impl FnOnce(&mut PathState)) -> io::Result<()> {
        let _turn = self.records_turn();
        let before = self.notes();
        let mut notes = before.clone();
        change(&mut notes);
        match notes == before {
            true => Ok(()),
            false => self.write_notes(&notes),
        }
    }

    /// Returns the right to read, change and write a record of the outbox besides mails: the
    /// thread of the chain and the thread of the mailer both do.
    pub(super) fn records_turn(&self) -> MutexGuard<'_, ()> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_notes(&self, notes: &PathState) {
        let _ = self.write_notes(notes);
    }

    fn write_notes(&self, notes: &PathState) -> io::Result<()> {
        notes.write(&self.root()?)
    }

    /// Makes everything that waits due now.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn make_due(&self) -> io::Result<()> {
        self.try_change_notes(|notes| {
            if let Some(broken) = &mut notes.broken {
                broken.next = SystemTime::UNIX_EPOCH;
            }
        })?;
        for mut entry in self.waiting() {
            entry.make_due();
            self.write(&entry)?;
        }
        Ok(())
    }

    /// Returns how many mails are in memory only.
    pub(crate) fn in_memory(&self) -> u64 {
        self.in_memory.load(Ordering::Relaxed)
    }

    /// Returns whether something had run short when it was last looked at what waits.
    pub(crate) fn is_blind(&self) -> bool {
        self.blind.load(Ordering::Relaxed)
    }

    /// Notes how many mails are in memory only.
    pub(super) fn count_memory(&self, memory: &[QueuedMail]) {
        self.in_memory.store(memory.len() as u64, Ordering::Relaxed);
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Vec<QueuedMail>> {
        self.memory
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    pub(super) fn root(&self) -> Result<PrivateDir, UntrustedPath> {
        self.state.made()?.below(NAME)
    }

    /// Returns the directory of the mails, if it is there and can be relied on.
    fn alerts(&self) -> Option<PrivateDir> {
        self.look_for_alerts().ok().flatten()
    }

    fn look_for_alerts(&self) -> Result<Option<PrivateDir>, UntrustedPath> {
        match existing_root(&self.state)? {
            Some(root) => root.below_existing(ALERTS),
            None => Ok(None),
        }
    }

    fn has(&self, entry: &QueuedMail) -> bool {
        let look = |alerts: PrivateDir| alerts.look(&entry.file_name()).ok().flatten();
        self.alerts().and_then(look).is_some()
    }

    pub(super) fn write(&self, entry: &QueuedMail) -> io::Result<()> {
        let alerts = self.root()?.below(ALERTS)?;
        alerts.write_durably(entry.file_name(), &serde_json::to_vec(entry)?)
    }

    pub(super) fn delete(&self, entry: &QueuedMail) {
        if let Some(alerts) = self.alerts() {
            let _ = alerts.remove(entry.file_name());
        }
    }

    pub(super) fn forget(&self, memory: &mut Vec<QueuedMail>, entry: &QueuedMail) {
        memory.retain(|old| !old.is_same_mail(entry));
        self.delete(entry);
    }

    pub(super) fn waiting_with(&self, memory: &[QueuedMail]) -> Vec<QueuedMail> {
        let mut waiting = self.on_disk();
        waiting.extend(memory.iter().cloned());
        waiting
            .sort_by(|a, b| (a.created, &a.mail.message_id).cmp(&(b.created, &b.mail.message_id)));
        waiting
    }

    fn on_disk(&self) -> Vec<QueuedMail> {
        let mut entries = Vec::new();
        let is_short = |error: &io::Error| resource_check::is_shortage_of_process(error);
        let alerts = self.look_for_alerts().map_err(io::Error::from);
        let mut blind = alerts.as_ref().err().is_some_and(is_short);
        let Some(alerts) = alerts.ok().flatten() else {
            self.blind.store(blind, Ordering::Relaxed);
            return entries;
        };
        let names = alerts.names().map_err(io::Error::from);
        blind |= names.as_ref().err().is_some_and(is_short);
        for name in mails_of(names.unwrap_or_default()) {
            match read_entry(&alerts, &name) {
                Ok(entry) => entries.push(entry),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    self.set_aside(&alerts, &name, &error);
                }
                // Gone meanwhile, or not readable now: seen again at the next look.
                Err(error) => blind |= is_short(&error),
            }
        }
        self.blind.store(blind, Ordering::Relaxed);
        entries
    }

    fn set_aside(&self, alerts: &PrivateDir, name: &OsStr, error: &io::Error) {
        let content = alerts.read_regular(name, MOST_BYTES).ok().flatten();
        if alerts.remove(name).is_err() {
            // A directory, or a disk that refuses: it is passed over as long as it is there.
            return;
        }
        let reason = format!("this file of the outbox cannot be read as a mail: {error}");
        let path = alerts.path().join(name);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        log::error!("`{}` is damaged and was moved to `failed`", path.display());
        self.fail(&stem, &content.unwrap_or_default(), &reason);
        self.change_notes(|notes| notes.count_dropped("damaged", clock::wall()));
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
