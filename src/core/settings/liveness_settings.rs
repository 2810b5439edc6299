//! `[liveness]`.

use super::lock_settings::LockSettings;

/// Where the last success of a chain is recorded besides STATE_DIR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LivenessSettings {
    /// The server, reached as that of a lock is.
    pub server: Option<LockSettings>,
}
