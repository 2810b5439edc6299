//! How much the outbox holds: what goes when there is no room.

use std::time::SystemTime;

use super::entry::QueuedMail;
use crate::unix::trusted_paths::PrivateDir;

/// How large waiting mails may be together.
pub(super) const MOST_BYTES: u64 = 4 << 20;
/// What holds our own mails in `failed` apart from the messages of users.
pub(super) const FAILED_PREFIX: &str = "alert-";
/// How many mails wait at most.
pub(super) const MOST_FILES: usize = 64;
/// How many of our own mails `failed` keeps.
const MOST_FAILED: usize = 64;

/// Returns the least important mails, without which the rest fits. The newest one always stays.
pub(super) fn surplus(mut waiting: Vec<QueuedMail>, newest: &QueuedMail) -> Vec<QueuedMail> {
    let mut surplus = Vec::new();
    while waiting.len() > MOST_FILES || total_bytes(&waiting) > MOST_BYTES {
        let candidates = waiting.iter().enumerate();
        let victim = candidates
            .filter(|(_, entry)| !entry.is_same_mail(newest))
            .min_by_key(|(_, entry)| entry.importance());
        let Some((index, _)) = victim else { break };
        surplus.push(waiting.remove(index));
    }
    surplus
}

fn total_bytes(entries: &[QueuedMail]) -> u64 {
    entries.iter().map(QueuedMail::size).sum()
}

/// Keeps the newest of our own mails in `failed`: an address that is wrong for months must not
/// fill the disk.
pub(super) fn trim_failed(failed: &PrivateDir) {
    let names = failed.names().unwrap_or_default().into_iter();
    let stems = names.filter_map(|name| {
        let stem = name.to_str()?.strip_suffix(".eml")?;
        stem.starts_with(FAILED_PREFIX).then(|| stem.to_owned())
    });
    let mut ours: Vec<(SystemTime, String)> = stems
        .map(|stem| (failed.written(format!("{stem}.eml")), stem))
        .collect();
    ours.sort();
    let surplus = ours.len().saturating_sub(MOST_FAILED);
    for (_, stem) in ours.drain(..surplus) {
        let _ = failed.remove(format!("{stem}.eml"));
        let _ = failed.remove(format!("{stem}.reason"));
    }
}
