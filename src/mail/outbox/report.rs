//! What waits and why, in numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use super::delivery_counts::DeliveryCounts;
use super::listing;
use super::mail_files::{ALERTS, existing_root};
use super::path_state::{BrokenPath, PathState};
use super::undelivered::Undelivered;
use crate::mail::queue;
use crate::unix::trusted_paths::{PrivateDir, StateDir};

/// What waits and why, read from disk by anybody: nothing is made or changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OutboxReport {
    /// How many of our own mails wait.
    pub waiting: usize,
    /// When the oldest of them was written.
    pub oldest: Option<SystemTime>,
    /// Of each chain that has any: how many wait, and when the oldest was written.
    pub chains: BTreeMap<String, (usize, SystemTime)>,
    /// What has become of mails since the machine started.
    pub left: DeliveryCounts,
    /// The headline of each with the last error of it, oldest first.
    pub mails: Vec<(String, Option<String>)>,
    /// Which mails no server accepted.
    pub undelivered: Undelivered,
    /// Since when and why the way to the server is broken.
    pub broken: Option<BrokenPath>,
    /// Why a recipient of a waiting mail was refused, where a setting must change.
    pub needs_change: Option<String>,
    /// How many mails found no room since the last mail that left.
    pub dropped: u64,
    /// How many messages users have in the queue, deferred, and failed (our own failed mails
    /// among them).
    pub queue: usize,
    /// See `queue`.
    pub deferred: usize,
    /// See `queue`.
    pub failed: usize,
}

impl OutboxReport {
    /// Returns whether mail leaves to every recipient, as far as is known.
    pub(crate) fn is_well(&self) -> bool {
        self.broken.is_none() && self.needs_change.is_none()
    }
}

/// Returns whether the outbox is there, and closed to us: then it only looks empty.
pub(crate) fn is_closed(state_dir: &Path) -> bool {
    match existing_root(&StateDir::from(state_dir)) {
        Ok(Some(root)) => {
            let alerts = root.below_existing(ALERTS);
            alerts.is_err_and(|error| error.is_foreign())
        }
        Ok(None) => false,
        Err(error) => error.is_foreign(),
    }
}

/// Reads what waits.
pub(crate) fn report(state_dir: &Path) -> OutboxReport {
    match existing_root(&StateDir::from(state_dir)) {
        Ok(Some(root)) => report_of(&root),
        Ok(None) | Err(_) => OutboxReport::default(),
    }
}

fn report_of(root: &PrivateDir) -> OutboxReport {
    let entries = listing::entries(root);
    let notes = PathState::read(root);
    let messages = |name: &str| {
        let directory = root.below_existing(name).ok().flatten();
        let names = directory.and_then(|directory| directory.names().ok());
        let names = names.unwrap_or_default().into_iter();
        names.filter(|name| queue::is_message_name(name)).count()
    };
    let mut chains: BTreeMap<String, (usize, SystemTime)> = BTreeMap::new();
    for entry in &entries {
        let own = (&entry.mail.place.chain, entry.created);
        let merged = entry.merged.iter();
        let merged = merged.map(|mail| (&mail.chain, mail.queued));
        for (chain, queued) in merged.chain([own]) {
            let (count, oldest) = chains.entry(chain.clone()).or_insert((0, queued));
            *count += 1;
            *oldest = queued.min(*oldest);
        }
    }
    OutboxReport {
        chains,
        left: DeliveryCounts::read(root),
        undelivered: Undelivered::of(root, &entries),
        waiting: entries.len(),
        oldest: entries.iter().map(|entry| entry.created).min(),
        mails: entries
            .iter()
            .map(|entry| (entry.mail.subject.clone(), entry.last_error()))
            .collect(),
        broken: notes.broken.clone(),
        needs_change: entries
            .iter()
            .find_map(|entry| entry.needs_change().map(str::to_owned)),
        dropped: notes.dropped_in_all(),
        queue: messages("queue"),
        deferred: messages("deferred"),
        failed: messages("failed"),
    }
}
