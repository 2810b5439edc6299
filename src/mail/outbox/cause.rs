//! The cause that letters share, which leave as one.

use super::entry::{QueuedLetter, RecipientState};
use crate::core::hash::fnv1a;

/// Returns what letters with one cause share: the kind of failure, or that they are reminders or
/// ends of outages, and the recipients. `None`: a letter that always leaves alone.
pub(crate) fn group_of(entry: &QueuedLetter) -> Option<u64> {
    let letter = &entry.letter;
    let cause = match letter.place.sort.as_str() {
        "first" | "new" => format!("kind {}", kind_of(&letter.facts)?),
        "downtime" | "again" | "running" => "reminder".to_owned(),
        "healed" => "healed".to_owned(),
        _ => return None,
    };
    let mut to: Vec<&str> = entry.recipients.iter().map(|to| &*to.address).collect();
    to.sort_unstable();
    Some(fnv1a(format!("{cause}\0{}", to.join("\0")).as_bytes()))
}

/// Returns whether a letter was never tried for any recipient: only then can the letter leave in
/// another one. A letter that was put off keeps its time and its Message-ID.
pub(crate) fn is_untried(entry: &QueuedLetter) -> bool {
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
