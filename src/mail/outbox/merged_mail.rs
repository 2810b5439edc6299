//! Mails with one cause that leave as one: what the one mail contains.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::core::admin_mail::AdminMail;
use crate::unix::clock;

/// The longest body of a mail.
const MOST_BODY: usize = 64 << 10;
/// The longest body of a mail that a server refused for its content.
const MOST_MINIMAL: usize = 2 << 10;
/// The longest line of a list.
const MOST_LINE: usize = 76;
/// The longest subject.
const MOST_SUBJECT: usize = 100;

/// A mail that leaves in another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MergedMail {
    /// The chain.
    pub chain: String,
    /// The sort of the mail: each counts as mailed.
    pub sort: String,
    /// When the mail was queued.
    pub queued: SystemTime,
    /// The time of its event.
    pub date: SystemTime,
    /// Its subject.
    pub subject: String,
}

impl MergedMail {
    /// Takes the facts of a mail.
    pub(super) fn of(mail: &AdminMail, queued: SystemTime) -> Self {
        MergedMail {
            chain: mail.place.chain.clone(),
            sort: mail.place.sort.clone(),
            queued,
            date: mail.date,
            subject: mail.subject.clone(),
        }
    }
}

/// Returns the mail that stands for itself and those merged into it, in the thread of its own.
pub(super) fn composed(first: &AdminMail, queued: SystemTime, merged: &[MergedMail]) -> AdminMail {
    let count = merged.len() + 1;
    let own = MergedMail::of(first, queued);
    let lines = std::iter::once(&own).chain(merged).map(line);
    let list: String = lines.collect();
    let sentence =
        format!("{count} mails with one cause, which came within a minute, leave as this one.");
    let body = format!("{sentence}\n\n{list}\nThe first of them:\n\n{}", first.body);
    let minimal = format!("{sentence}\n\n{list}");
    AdminMail {
        subject: subject(&first.subject, count),
        facts: format!("{}; merged={count}", first.facts),
        body: cut(body, MOST_BODY),
        minimal_body: cut(minimal, MOST_MINIMAL),
        ..first.clone()
    }
}

fn line(mail: &MergedMail) -> String {
    let at = clock::local(mail.date);
    let at = at.map_or_else(String::new, |at| at.strftime("%H:%M:%S").to_string());
    // The host is in the subject of the mail.
    let subject = mail.subject.split_once("] ").map_or("", |(_, rest)| rest);
    let text: String = format!("{at} {subject}").chars().take(MOST_LINE).collect();
    format!("- {text}\n")
}

/// `[host] [task] Words: TEXT` becomes `[host] [22 mails] Words: TEXT`, so that filters find the
/// words.
fn subject(first: &str, count: usize) -> String {
    let parts = first.split_once("] ").and_then(|(host, rest)| {
        let (_, words) = rest.split_once("] ")?;
        Some(format!("{host}] [{count} mails] {words}"))
    });
    let subject = parts.unwrap_or_else(|| format!("[{count} mails] {first}"));
    subject.chars().take(MOST_SUBJECT).collect()
}

fn cut(text: String, most: usize) -> String {
    const REST: &str = "\n[cut]\n";
    if text.len() <= most {
        return text;
    }
    let mut end = most - REST.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{REST}", &text[..end])
}
