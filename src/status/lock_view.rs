//! How the lock of a chain stands, as its runner shows it to `status`: `NAME.lock_status` in
//! STATE_DIR.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::lock::LockHolder;
use crate::state::form;

/// The version that is written. Every older one can be read.
const VERSION: u32 = 1;
/// What the name of the file ends with, after the name of the chain.
const ENDING: &str = ".lock_status";
/// Far more than a note and its surroundings need.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

/// How the lock of a chain stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LockView {
    version: u32,
    /// What this runner is to the lock.
    pub(crate) role: LockRole,
    /// Where the lock is.
    pub(crate) place: String,
    /// When that began.
    pub(crate) since: SystemTime,
    /// What the holder has left beside the lock, if it is another runner.
    pub(crate) note: Option<String>,
}

/// What a runner is to the lock of its chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum LockRole {
    /// The last holder: no other runner has held it since.
    Holder {
        /// Its number.
        fence: u64,
    },
    /// Another runner holds the lock.
    Standby {
        /// Which one, if that is known.
        holder: Option<LockHolder>,
    },
}

impl LockRole {
    /// Returns whether nothing has changed hands from one to the other.
    pub(crate) fn is_same(&self, other: &LockRole) -> bool {
        match (self, other) {
            (LockRole::Holder { .. }, LockRole::Holder { .. }) => true,
            (LockRole::Standby { holder: one }, LockRole::Standby { holder: other }) => {
                one.as_ref().map(|holder| &holder.owner)
                    == other.as_ref().map(|holder| &holder.owner)
            }
            _ => false,
        }
    }
}

impl LockView {
    /// Creates the view of a lock that is at `place`.
    pub(crate) fn new(
        role: LockRole,
        place: String,
        since: SystemTime,
        note: Option<String>,
    ) -> Self {
        LockView {
            version: VERSION,
            role,
            place,
            since,
            note,
        }
    }

    /// Returns the content of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        form::encode(self)
    }
}

/// Returns the name of the file of a chain.
pub(crate) fn file_name(chain: &str) -> String {
    format!("{chain}{ENDING}")
}

/// Reads what a runner shows.
///
/// # Errors
///
/// When it is damaged, or from a newer version: in words.
pub(crate) fn decode(bytes: &[u8]) -> Result<LockView, String> {
    form::decode(bytes, VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let role = LockRole::Holder { fence: 7 };
        let place = "Consul at 127.0.0.1:8500, key run_functions/a".to_owned();
        let view = LockView::new(role, place, SystemTime::UNIX_EPOCH, None);
        assert_eq!(decode(&view.encode()), Ok(view));
    }
}
