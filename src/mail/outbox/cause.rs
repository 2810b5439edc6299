//! The cause that mails share, which leave as one.

use super::entry::{QueuedMail, RecipientState};
use crate::core::hash::fnv1a;

/// Returns what mails with one cause share: the kind of failure, or that they are reminders or
/// ends of outages, and the recipients. `None`: a mail that always leaves alone.
pub(crate) fn group_of(entry: &QueuedMail) -> Option<u64> {
    let mail = &entry.mail;
    let cause = match mail.place.sort.as_str() {
        "first" | "new" => format!("kind {}", kind_of(&mail.facts)?),
        "downtime" | "again" | "running" => "reminder".to_owned(),
        "healed" => "healed".to_owned(),
        _ => return None,
    };
    let mut to: Vec<&str> = entry.recipients.iter().map(|to| &*to.address).collect();
    to.sort_unstable();
    Some(fnv1a(format!("{cause}\0{}", to.join("\0")).as_bytes()))
}

/// Returns whether a mail was never tried for any recipient: only then can the mail leave in
/// another one. A mail that was put off keeps its time and its Message-ID.
pub(crate) fn is_untried(entry: &QueuedMail) -> bool {
    entry
        .recipients
        .iter()
        .all(|to| matches!(to.state, RecipientState::Waiting { attempts: 0, .. }))
}

fn kind_of(facts: &str) -> Option<&str> {
    let mut facts = facts.split("; ");
    let kind = facts.find_map(|fact| fact.strip_prefix("kind="))?;
    Some(kind).filter(|kind| !kind.is_empty())
}
