//! What waits and why, in numbers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::entry::Entry;
use super::left::Left;
use super::notes::{BrokenPath, Notes};
use super::{letters_in, read_entry};
use crate::mail::queue;

/// What waits and why, read from disk by anybody: nothing is made or changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    /// How many of our own letters wait.
    pub waiting: usize,
    /// When the oldest of them was written.
    pub oldest: Option<SystemTime>,
    /// Of each chain that has any: how many wait, and when the oldest was written.
    pub chains: BTreeMap<String, (usize, SystemTime)>,
    /// What has become of letters since the machine started.
    pub left: Left,
    /// The headline of each with what was last said of it, oldest first.
    pub letters: Vec<(String, Option<String>)>,
    /// Since when and why the way to the server is broken.
    pub broken: Option<BrokenPath>,
    /// How many letters found no room since the last mail that left.
    pub dropped: u64,
    /// How many messages users have in the queue, deferred, and failed (our own failed letters among them).
    pub queue: usize,
    /// See `queue`.
    pub deferred: usize,
    /// See `queue`.
    pub failed: usize,
}

/// Returns whether the outbox is there, and closed to us: then it only looks empty.
pub(crate) fn is_closed(state_dir: &Path) -> bool {
    let closed = |directory: &Path| {
        let looked = fs::read_dir(directory);
        looked.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    let root = state_dir.join("outbox");
    closed(&root) || closed(&root.join("alerts"))
}

/// Reads what waits.
pub(crate) fn report(state_dir: &Path) -> Report {
    let root = state_dir.join("outbox");
    let entries: Vec<Entry> = letters_in(&root.join("alerts"))
        .iter()
        .filter_map(|path| read_entry(path).ok())
        .collect();
    let notes = Notes::read(&root);
    let messages = |name: &str| {
        let found = fs::read_dir(root.join(name))
            .into_iter()
            .flatten()
            .flatten();
        found
            .filter(|entry| queue::is_message_name(&entry.file_name()))
            .count()
    };
    let mut chains: BTreeMap<String, (usize, SystemTime)> = BTreeMap::new();
    for entry in &entries {
        let chain = entry.letter.place.chain.clone();
        let (count, oldest) = chains.entry(chain).or_insert((0, entry.created));
        *count += 1;
        *oldest = entry.created.min(*oldest);
    }
    Report {
        chains,
        left: Left::read(&root),
        waiting: entries.len(),
        oldest: entries.iter().map(|entry| entry.created).min(),
        letters: entries
            .iter()
            .map(|entry| (entry.letter.subject.clone(), entry.last_error()))
            .collect(),
        broken: notes.broken.clone(),
        dropped: notes.dropped_in_all(),
        queue: messages("queue"),
        deferred: messages("deferred"),
        failed: messages("failed"),
    }
}
