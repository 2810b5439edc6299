//! What is to be told besides mails: since when the way is broken, what was dropped, who was
//! refused.

use std::collections::BTreeMap;
use std::io;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::super::delivery_error::DeliveryError;
use crate::unix::trusted_paths::PrivateDir;

const FILE: &str = "path.json";
/// More is not read.
const MOST_BYTES: u64 = 4 << 20;
/// How many refused recipients are remembered until the next mail leaves.
const MOST_REFUSALS: usize = 8;

/// The state of delivery, for the mailer, for `status` and for the next mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PathState {
    /// Set while the last attempt found no way.
    #[serde(default)]
    pub broken: Option<BrokenPath>,
    /// How many mails of each sort found no room, or were damaged.
    #[serde(default)]
    pub dropped: BTreeMap<String, u64>,
    /// Since when they are counted.
    #[serde(default)]
    pub dropped_since: Option<SystemTime>,
    /// The recipients that were refused for good, and why: for a mail to the others.
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
    pub trouble: DeliveryError,
}

impl PathState {
    /// Reads them; those that are not there, or damaged, are none.
    pub(crate) fn read(root: &PrivateDir) -> Self {
        PathState::try_read(root).unwrap_or_default()
    }

    /// Reads them; those that are not there, or cannot be read now, are none.
    ///
    /// # Errors
    ///
    /// When they are damaged: how.
    pub(crate) fn try_read(root: &PrivateDir) -> serde_json::Result<Self> {
        match root.read_regular(FILE, MOST_BYTES) {
            Ok(Some(bytes)) => serde_json::from_slice(&bytes),
            Ok(None) | Err(_) => Ok(PathState::default()),
        }
    }

    /// Writes them; without any, there is no file.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(crate) fn write(&self, root: &PrivateDir) -> io::Result<()> {
        if *self == PathState::default() {
            return root.remove(FILE);
        }
        root.write_durably(FILE, &serde_json::to_vec(self)?)
    }

    /// Counts a mail that found no room.
    pub(crate) fn count_dropped(&mut self, sort: &str, now: SystemTime) {
        *self.dropped.entry(sort.to_owned()).or_default() += 1;
        self.dropped_since.get_or_insert(now);
    }

    /// Returns how many mails were dropped.
    pub(crate) fn dropped_in_all(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// Remembers who was refused.
    pub(crate) fn remember_refusal(&mut self, line: String) {
        if self.refusals.len() < MOST_REFUSALS && !self.refusals.contains(&line) {
            self.refusals.push(line);
        }
    }

    /// Removes what a mail has mentioned that just left. What was added meanwhile is for the next
    /// one.
    pub(crate) fn forget(&mut self, sent: &PathState) {
        self.broken = None;
        for (sort, count) in &sent.dropped {
            if let Some(known) = self.dropped.get_mut(sort) {
                *known = known.saturating_sub(*count);
            }
        }
        self.dropped.retain(|_, count| *count > 0);
        self.dropped_since = self.dropped_since.filter(|_| !self.dropped.is_empty());
        self.refusals.retain(|line| !sent.refusals.contains(line));
    }
}
