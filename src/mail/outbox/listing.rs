//! Everything that waits or failed, one by one, read from disk by anybody: nothing is made or
//! changed.

use std::ffi::OsStr;
use std::path::Path;
use std::time::SystemTime;

use super::entry::{QueuedMail, RecipientState};
use super::mail_files::{ALERTS, existing_root, mails_in, read_entry};
use crate::mail::queue::{self, Attempts};
use crate::unix::trusted_paths::{PrivateDir, StateDir};

/// A reason is a line; more is not read.
const MOST_REASON: u64 = 4096;

/// What waits or failed, in each place oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing {
    /// Our own mails that wait.
    pub alerts: Vec<ListedMail>,
    /// Messages of users that wait for their first attempt, or were brought back.
    pub queue: Vec<ListedMail>,
    /// Messages of users that were put off.
    pub deferred: Vec<ListedMail>,
    /// What was given up, of both.
    pub failed: Vec<ListedMail>,
}

/// A message that waits or failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ListedMail {
    /// Its subject, or the name of its file.
    pub name: String,
    /// The recipients that have yet to get the mail, where they are known.
    pub to: Vec<String>,
    /// When it was written.
    pub since: SystemTime,
    /// How many attempts failed.
    pub attempts: u32,
    /// When it is tried next; `None`: when there is a way, or never.
    pub next: Option<SystemTime>,
    /// The last error of it.
    pub why: Option<String>,
}

/// Reads what waits and what failed.
pub(crate) fn listing(state_dir: &Path) -> Listing {
    let Ok(Some(root)) = existing_root(&StateDir::from(state_dir)) else {
        return Listing::default();
    };
    let messages = |name: &str, complete: fn(&PrivateDir, &Path, &mut ListedMail)| {
        let directory = root.below_existing(name).ok().flatten();
        directory.map_or_else(Vec::new, |directory| messages(&directory, complete))
    };
    Listing {
        alerts: entries(&root).iter().map(listed).collect(),
        queue: messages("queue", with_state),
        deferred: messages("deferred", with_state),
        failed: messages("failed", with_reason),
    }
}

/// Reads our own mails; what is not one is passed over.
pub(super) fn entries(root: &PrivateDir) -> Vec<QueuedMail> {
    let Ok(Some(alerts)) = root.below_existing(ALERTS) else {
        return Vec::new();
    };
    let names = mails_in(&alerts);
    let entries = names
        .iter()
        .filter_map(|name| read_entry(&alerts, name).ok());
    entries.collect()
}

/// Returns what is listed of one of our own mails.
pub(crate) fn listed(entry: &QueuedMail) -> ListedMail {
    let waiting = entry.recipients.iter();
    let waiting = waiting.filter_map(|recipient| match recipient.state {
        RecipientState::Waiting { attempts, .. } => Some((recipient.address.clone(), attempts)),
        _ => None,
    });
    let (to, attempts): (Vec<_>, Vec<_>) = waiting.unzip();
    ListedMail {
        name: entry.mail.subject.clone(),
        to,
        since: entry.created,
        attempts: attempts.into_iter().max().unwrap_or(0),
        next: entry.next().filter(|next| *next > SystemTime::UNIX_EPOCH),
        why: entry.last_error(),
    }
}

fn messages(
    directory: &PrivateDir,
    complete: fn(&PrivateDir, &Path, &mut ListedMail),
) -> Vec<ListedMail> {
    let names = directory.names().unwrap_or_default().into_iter();
    let mut items: Vec<ListedMail> = names
        .filter(|name| queue::is_message_name(name))
        .map(|name| {
            let mut item = ListedMail {
                name: name.to_string_lossy().into_owned(),
                to: Vec::new(),
                since: directory.written(&name),
                attempts: 0,
                next: None,
                why: None,
            };
            complete(directory, Path::new(&name), &mut item);
            item
        })
        .collect();
    items.sort_by(|one, other| (one.since, &one.name).cmp(&(other.since, &other.name)));
    items
}

fn with_state(directory: &PrivateDir, message: &Path, item: &mut ListedMail) {
    let bytes = beginning(directory, message.with_extension("state").as_os_str());
    if let Ok(state) = serde_json::from_slice::<Attempts>(&bytes) {
        item.attempts = state.attempts;
        item.next = Some(state.next);
        item.why = Some(state.last_error);
    }
}

fn with_reason(directory: &PrivateDir, message: &Path, item: &mut ListedMail) {
    let bytes = beginning(directory, message.with_extension("reason").as_os_str());
    let text = String::from_utf8_lossy(&bytes);
    item.why = text.lines().next().map(str::to_owned);
}

fn beginning(directory: &PrivateDir, name: &OsStr) -> Vec<u8> {
    let bytes = directory.read_regular(name, MOST_REASON).ok().flatten();
    bytes.unwrap_or_default()
}
