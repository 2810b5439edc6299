//! The key of a lock in Consul, as it is read.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::lock::holder::{LockHolder, LockOwner};

/// What the holder writes into the key. Its fence is the index of that write.
#[derive(Serialize, Deserialize)]
struct WrittenHolder {
    owner: LockOwner,
    #[serde(with = "crate::lock::holder::unix_millis")]
    since: SystemTime,
}

/// The value of a key, for a new holder.
pub(super) fn value_of(owner: &LockOwner, since: SystemTime) -> String {
    let written = WrittenHolder {
        owner: owner.clone(),
        since,
    };
    serde_json::to_string(&written).expect("texts and numbers are JSON")
}

/// A key, as Consul describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawEntry {
    modify_index: u64,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

/// The key of a lock.
#[derive(Debug, Default)]
pub(super) struct ConsulEntry {
    /// The session that holds the lock.
    pub(super) session: Option<String>,
    /// The index of the last write: the fence of the holder.
    pub(super) modify_index: u64,
    /// What the holder wrote.
    pub(super) holder: Option<LockHolder>,
}

impl ConsulEntry {
    /// Reads the answer to a GET of the key; what is not there is free.
    pub(super) fn parse(body: &str) -> Result<Self, serde_json::Error> {
        let entries: Vec<RawEntry> = serde_json::from_str(body)?;
        let Some(raw) = entries.into_iter().next() else {
            return Ok(ConsulEntry::default());
        };
        let fence = raw.modify_index;
        let value = raw.value.and_then(|value| STANDARD.decode(value).ok());
        let written: Option<WrittenHolder> =
            value.and_then(|value| serde_json::from_slice(&value).ok());
        Ok(ConsulEntry {
            session: raw.session.filter(|session| !session.is_empty()),
            modify_index: fence,
            holder: written.map(|WrittenHolder { owner, since }| LockHolder {
                owner,
                since,
                fence,
            }),
        })
    }
}

/// Returns the body of a transaction that writes a note if the session holds the lock.
pub(super) fn note_transaction(key: &str, session: &str, note: &str) -> String {
    let check = serde_json::json!({
        "KV": { "Verb": "check-session", "Key": key, "Session": session }
    });
    let set = serde_json::json!({
        "KV": { "Verb": "set", "Key": note_key(key), "Value": STANDARD.encode(note) }
    });
    serde_json::json!([check, set]).to_string()
}

/// Returns the key of the note beside a lock: no lock has a colon in its name.
pub(super) fn note_key(key: &str) -> String {
    format!("{key}:note")
}
