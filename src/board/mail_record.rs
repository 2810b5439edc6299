//! Mails on a board.

use serde::{Deserialize, Serialize};

use super::job_id::SessionId;

/// A mail that is put on the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct NewMail {
    /// The Message-ID, the same in each copy.
    pub(crate) message_id: String,
    /// The letter with its envelope, as the room `mail` writes it.
    pub(crate) letter: String,
}

/// A mail that a session has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct ClaimedMail {
    /// Its number.
    pub(crate) id: u64,
    /// The letter with its envelope.
    pub(crate) letter: String,
}

/// A mail that waits on the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct MailRecord {
    /// Its number.
    pub(crate) id: u64,
    /// The letter with its envelope.
    pub(crate) letter: String,
    /// When it was put on the board, in milliseconds since 1970.
    pub(crate) queued: i64,
    /// When it is tried next.
    pub(crate) next: i64,
    /// The session that has claimed it.
    pub(crate) claimed_by: Option<SessionId>,
}
