//! The directories of the outbox, and the files in them that are mails.

use std::ffi::{OsStr, OsString};
use std::io;

use super::super::delivery_error::shortened;
use super::entry::{self, QueuedMail};
use super::room::MOST_BYTES;
use crate::unix::trusted_paths::{PrivateDir, StateDir, UntrustedPath};

/// The name of the outbox in the state directory.
pub(super) const NAME: &str = "outbox";
/// Where our own mails wait.
pub(super) const ALERTS: &str = "alerts";

/// Checks the outbox of a state directory, if it is there, with all that is in it.
///
/// # Errors
///
/// When a directory is a link, another user's, or can be written by others.
pub(crate) fn judge(state_dir: &PrivateDir) -> Result<(), UntrustedPath> {
    state_dir.judge_below(NAME)?;
    if let Ok(Some(root)) = state_dir.below_existing(NAME) {
        for name in [ALERTS, "queue", "deferred", "failed"] {
            root.judge_below(name)?;
        }
    }
    Ok(())
}

/// Opens the outbox of a state directory, if it is there.
pub(super) fn existing_root(state: &StateDir) -> Result<Option<PrivateDir>, UntrustedPath> {
    match state.existing()? {
        Some(state) => state.below_existing(NAME),
        None => Ok(None),
    }
}

/// Returns the names of the mails in a directory, in order. A directory cannot be one, nor be set
/// aside.
pub(super) fn mails_in(alerts: &PrivateDir) -> Vec<OsString> {
    mails_of(alerts.names().unwrap_or_default())
}

pub(super) fn mails_of(names: Vec<OsString>) -> Vec<OsString> {
    names.into_iter().filter(|name| is_mail(name)).collect()
}

fn is_mail(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".json") && !name.starts_with(b".")
}

pub(super) fn read_entry(alerts: &PrivateDir, name: &OsStr) -> io::Result<QueuedMail> {
    let damaged = |words: String| io::Error::new(io::ErrorKind::InvalidData, words);
    let bytes = match alerts.read_regular(name, MOST_BYTES + 1) {
        Ok(bytes) => bytes.ok_or(io::ErrorKind::NotFound)?,
        Err(error) if error.is_no_file() => return Err(damaged(error.why())),
        Err(error) => return Err(error.into()),
    };
    let entry: QueuedMail =
        serde_json::from_slice(&bytes).map_err(|error| damaged(shortened(&error.to_string())))?;
    if entry.version == entry::VERSION {
        Ok(entry)
    } else {
        let words = format!("version {} is not known here", entry.version);
        Err(damaged(words))
    }
}
