//! What is to be told besides letters: since when the way is broken, what was dropped, who was refused.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::mail::trouble::Trouble;
use crate::process::files;

const FILE: &str = "path.json";
/// How many refused recipients are remembered until the next mail leaves.
const MOST_REFUSALS: usize = 8;

/// The state of delivery, for the mailer, for `status` and for the next mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// Set while the last attempt found no way.
    #[serde(default)]
    pub broken: Option<BrokenPath>,
    /// How many letters of each sort found no room, or were damaged.
    #[serde(default)]
    pub dropped: BTreeMap<String, u64>,
    /// Since when they are counted.
    #[serde(default)]
    pub dropped_since: Option<SystemTime>,
    /// Who was refused for good, and why: told to the others.
    #[serde(default)]
    pub refusals: Vec<String>,
}

/// Why nothing leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BrokenPath {
    /// The first failed attempt.
    pub since: SystemTime,
    /// How many failed in a row.
    pub attempts: u32,
    /// When it is tried again.
    pub next: SystemTime,
    /// The last failure.
    pub trouble: Trouble,
}

impl Notes {
    /// Reads them; those that are not there, or damaged, are none.
    pub(crate) fn read(root: &Path) -> Self {
        Notes::try_read(root).unwrap_or_default()
    }

    /// Reads them; those that are not there, or cannot be read now, are none.
    ///
    /// # Errors
    ///
    /// When they are damaged: how.
    pub(crate) fn try_read(root: &Path) -> serde_json::Result<Self> {
        match fs::read(root.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes),
            Err(_) => Ok(Notes::default()),
        }
    }

    /// Writes them; without any, there is no file.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn write(&self, root: &Path) -> io::Result<()> {
        if *self == Notes::default() {
            return files::remove(&root.join(FILE));
        }
        files::write_durably(root, FILE, &serde_json::to_vec(self)?)
    }

    /// Counts a letter that found no room.
    pub(crate) fn count_dropped(&mut self, sort: &str, now: SystemTime) {
        *self.dropped.entry(sort.to_owned()).or_default() += 1;
        self.dropped_since.get_or_insert(now);
    }

    /// Returns how many letters were dropped.
    pub(crate) fn dropped_in_all(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// Remembers who was refused.
    pub(crate) fn remember_refusal(&mut self, line: String) {
        if self.refusals.len() < MOST_REFUSALS && !self.refusals.contains(&line) {
            self.refusals.push(line);
        }
    }

    /// Takes out what the mail that just left has told.
    pub(crate) fn told(&mut self) {
        self.dropped.clear();
        self.dropped_since = None;
        self.refusals.clear();
    }
}
