//! Which mails left in the last minute, for all chains of a state directory:
//! `outbox/recent.json`.

use std::io;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::admin_mail::MailKey;
use crate::core::hash::fnv1a;
use crate::unix::trusted_paths::PrivateDir;

const FILE: &str = "recent.json";
/// More is not read.
const MOST_BYTES: u64 = 1 << 20;
/// The span in which mails with one cause are counted.
const SPAN: Duration = Duration::from_secs(60);
/// How many mails with one cause leave alone in that span.
const MOST_ALONE: usize = 3;

/// The mails that left in the last minute, by what they share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Departures(Vec<Departure>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Departure {
    group: u64,
    task: u64,
    at: SystemTime,
}

impl Departures {
    /// Reads the departures; damaged ones are none: at worst three more mails leave alone.
    pub(super) fn read(root: &PrivateDir, now: SystemTime) -> Self {
        let bytes = root.read_regular(FILE, MOST_BYTES).ok().flatten();
        let mut read: Departures =
            serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
        read.forget_old(now);
        read
    }

    /// Writes the departures.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(super) fn write(&self, root: &PrivateDir) -> io::Result<()> {
        root.replace(FILE, &serde_json::to_vec(self)?)
    }

    /// Adds a mail that leaves.
    pub(crate) fn add(&mut self, group: u64, place: &MailKey, now: SystemTime) {
        self.forget_old(now);
        let task = task_of(place);
        self.0.push(Departure {
            group,
            task,
            at: now,
        });
    }

    /// Returns when another mail of a group may leave alone, if not now. Mails of one task have
    /// one cause each: only different tasks count.
    pub(crate) fn full_until(&self, group: u64, place: &MailKey) -> Option<SystemTime> {
        let task = task_of(place);
        let mut latest: Vec<(u64, SystemTime)> = Vec::new();
        for departure in self.0.iter().filter(|departure| departure.group == group) {
            match latest
                .iter_mut()
                .find(|(known, _)| *known == departure.task)
            {
                Some((_, at)) => *at = (*at).max(departure.at),
                None => latest.push((departure.task, departure.at)),
            }
        }
        if latest.len() < MOST_ALONE || latest.iter().any(|(known, _)| *known == task) {
            return None;
        }
        latest.sort_by_key(|(_, at)| *at);
        Some(latest[latest.len() - MOST_ALONE].1 + SPAN)
    }

    /// A clock that was turned back must hold nothing for longer than the span.
    fn forget_old(&mut self, now: SystemTime) {
        self.0.retain(|departure| {
            let age = now.duration_since(departure.at);
            age.map_or_else(|error| error.duration() < SPAN, |age| age < SPAN)
        });
    }
}

fn task_of(place: &MailKey) -> u64 {
    fnv1a(format!("{}\0{}", place.chain, place.task).as_bytes())
}
