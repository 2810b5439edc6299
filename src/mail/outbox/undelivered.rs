//! Which mails of the past no server accepted: screens call a failure mailed only when its mail
//! left. `outbox/refused.json`.

use std::collections::HashMap;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use super::entry::{MailOrigin, QueuedMail};
use crate::unix::trusted_paths::PrivateDir;

const FILE: &str = "refused.json";
/// More is not read.
const MOST_BYTES: u64 = 1 << 20;
/// How many mails are remembered; the oldest are forgotten first.
const MOST_MAILS: usize = 512;

/// Why a mail that was queued is not a mail that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// The mail waits in the outbox.
    Waits,
    /// Every recipient was refused for good, or the mail was dropped.
    Failed,
}

impl NotSent {
    /// Returns the word for screens, to follow "not mailed:" or "its mail".
    pub(crate) fn words(self) -> &'static str {
        match self {
            NotSent::Waits => "the mail waits in the outbox",
            NotSent::Failed => "the mail could not be delivered, see `outbox/failed`",
        }
    }
}

/// The mails that no server accepted, by chain and time of queueing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Undelivered(HashMap<(String, u64), NotSent>);

impl Undelivered {
    /// Collects the mails that wait in `entries` and those that failed.
    pub(super) fn of(root: &PrivateDir, entries: &[QueuedMail]) -> Self {
        let waiting = entries.iter().filter(|entry| !entry.is_accepted());
        let waiting = waiting.flat_map(QueuedMail::origins);
        let waiting = waiting.map(|origin| (key(&origin), NotSent::Waits));
        let failed = read(root).into_iter();
        let failed = failed.map(|origin| (key(&origin), NotSent::Failed));
        Undelivered(failed.chain(waiting).collect())
    }

    /// Returns why the mail that a chain queued at this time did not leave; `None`: the mail left,
    /// or is unknown.
    pub(crate) fn find(&self, chain: &str, queued: SystemTime) -> Option<NotSent> {
        self.0.get(&(chain.to_owned(), micros(queued))).copied()
    }
}

/// Remembers that none of these mails left.
///
/// # Errors
///
/// When the disk refuses.
pub(super) fn remember(root: &PrivateDir, entry: &QueuedMail) -> io::Result<()> {
    let mut failed = read(root);
    failed.extend(entry.origins());
    let surplus = failed.len().saturating_sub(MOST_MAILS);
    failed.drain(..surplus);
    root.replace(FILE, &serde_json::to_vec(&failed)?)
}

fn read(root: &PrivateDir) -> Vec<MailOrigin> {
    let bytes = root.read_regular(FILE, MOST_BYTES).ok().flatten();
    serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default()
}

fn key(origin: &MailOrigin) -> (String, u64) {
    (origin.chain.clone(), micros(origin.queued))
}

/// The history keeps microseconds, the memory of alerts nanoseconds.
fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::super::test_mails::{at, mail};
    use super::*;

    #[test]
    fn only_the_newest_mails_that_failed_are_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let root = PrivateDir::open(dir.path()).unwrap();
        for second in 0..MOST_MAILS as u64 + 1 {
            let mail = mail("1", "first", "tasks::a", 1);
            let entry = QueuedMail::new(mail, &["a@example.org".to_owned()], at(second));
            remember(&root, &entry).unwrap();
        }
        let undelivered = Undelivered::of(&root, &[]);
        assert_eq!(undelivered.find("chain", at(0)), None);
        assert_eq!(undelivered.find("chain", at(1)), Some(NotSent::Failed));
        assert_eq!(undelivered.find("other", at(1)), None);
    }
}
