//! Everything that waits or failed, one by one, read from disk by anybody: nothing is made or changed.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use super::entry::{Entry, State};
use super::{letters_in, read_entry};
use crate::mail::queue::{self, Attempts};
use crate::process::files;

/// A reason is a line; more is not read.
const MOST_REASON: u64 = 4096;

/// What waits or failed, in each place oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing {
    /// Our own letters that wait.
    pub alerts: Vec<Item>,
    /// Messages of users that wait for their first attempt, or were brought back.
    pub queue: Vec<Item>,
    /// Messages of users that were put off.
    pub deferred: Vec<Item>,
    /// What was given up, of both.
    pub failed: Vec<Item>,
}

/// A message that waits or failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Its subject, or the name of its file.
    pub name: String,
    /// Who has yet to get it, where that is known.
    pub to: Vec<String>,
    /// When it was written.
    pub since: SystemTime,
    /// How many attempts failed.
    pub attempts: u32,
    /// When it is tried next; `None`: when there is a way, or never.
    pub next: Option<SystemTime>,
    /// What was last said of it.
    pub why: Option<String>,
}

/// Reads what waits and what failed.
pub(crate) fn listing(state_dir: &Path) -> Listing {
    let root = state_dir.join("outbox");
    let alerts = letters_in(&root.join("alerts"));
    let alerts = alerts.iter().filter_map(|path| read_entry(path).ok());
    Listing {
        alerts: alerts.map(|entry| letter(&entry)).collect(),
        queue: messages(&root.join("queue"), with_state),
        deferred: messages(&root.join("deferred"), with_state),
        failed: messages(&root.join("failed"), with_reason),
    }
}

fn letter(entry: &Entry) -> Item {
    let waiting = entry.recipients.iter();
    let waiting = waiting.filter_map(|recipient| match recipient.state {
        State::Waiting { attempts, .. } => Some((recipient.address.clone(), attempts)),
        _ => None,
    });
    let (to, attempts): (Vec<_>, Vec<_>) = waiting.unzip();
    Item {
        name: entry.letter.subject.clone(),
        to,
        since: entry.created,
        attempts: attempts.into_iter().max().unwrap_or(0),
        next: entry.next().filter(|next| *next > SystemTime::UNIX_EPOCH),
        why: entry.last_error(),
    }
}

fn messages(directory: &Path, complete: fn(&Path, &mut Item)) -> Vec<Item> {
    let found = fs::read_dir(directory).into_iter().flatten().flatten();
    let found = found.filter(|entry| queue::is_message_name(&entry.file_name()));
    let mut items: Vec<Item> = found
        .map(|entry| {
            let written = entry.metadata().and_then(|meta| meta.modified());
            let mut item = Item {
                name: entry.file_name().to_string_lossy().into_owned(),
                to: Vec::new(),
                since: written.unwrap_or(SystemTime::UNIX_EPOCH),
                attempts: 0,
                next: None,
                why: None,
            };
            complete(&entry.path(), &mut item);
            item
        })
        .collect();
    items.sort_by(|one, other| (one.since, &one.name).cmp(&(other.since, &other.name)));
    items
}

fn with_state(message: &Path, item: &mut Item) {
    let bytes = beginning(&message.with_extension("state"));
    if let Ok(state) = serde_json::from_slice::<Attempts>(&bytes) {
        item.attempts = state.attempts;
        item.next = Some(state.next);
        item.why = Some(state.last_error);
    }
}

fn with_reason(message: &Path, item: &mut Item) {
    let bytes = beginning(&message.with_extension("reason"));
    let text = String::from_utf8_lossy(&bytes);
    item.why = text.lines().next().map(str::to_owned);
}

fn beginning(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = files::open_plainly(path) {
        let _ = file.take(MOST_REASON).read_to_end(&mut bytes);
    }
    bytes
}
