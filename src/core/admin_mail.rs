//! A mail to the admin before it has the form of one: what `alert` writes and `mail` delivers.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// A mail to the admin, already redacted. `mail` makes a MIME message of it for each recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AdminMail {
    /// At most 100 characters, no control characters: `[host] [task] First exception caught: TEXT`.
    pub subject: String,
    /// The time of the event.
    pub date: SystemTime,
    /// `local@domain` without angle brackets; fixed here, the same on every attempt.
    pub message_id: String,
    /// The Message-ID of the first mail of the outage, if this is not the first.
    pub thread: Option<String>,
    /// `List-Id`, without angle brackets: `chain.host`.
    pub list_id: String,
    /// The value of `X-Run-Functions`: `event=…; task=…; chain=…; kind=…`.
    pub facts: String,
    /// Plain text, lines of at most 78 characters where words allow, at most 64 KiB, lines end with
    /// `\n`.
    pub body: String,
    /// What is sent when a server refuses the whole for its content: at most 2 KiB, no output of
    /// the task.
    pub minimal_body: String,
    /// What decides which mail may replace which while mail is down.
    pub place: MailKey,
}

/// Where a mail stands among those of its outage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailKey {
    /// `first`, `new`, `downtime`, `again`, `running`, `healed`, `digest`, `summary`.
    pub sort: String,
    /// The chain.
    pub chain: String,
    /// The task, with its place in the chain when it is named twice; empty: the chain itself.
    pub task: String,
    /// The outage: unique within the task.
    pub outage: u64,
}
