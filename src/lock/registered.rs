//! Backends that a program adds for URL schemes of its own.

use super::error::LockError;
use super::lock_trait::Lock;
use crate::core::settings::LockSettings;

/// A backend for the URLs of a scheme, registered by [`lock_backend!`](crate::lock_backend).
#[derive(Debug)]
pub struct LockBackend {
    /// The scheme, as in `etcd://…`, and the word for `backend` in `[lock]`.
    pub scheme: &'static str,
    /// Opens the lock of a name. No traffic before the first call.
    pub open: OpenLock,
}

/// Opens the lock of a name.
pub type OpenLock = fn(&LockSettings, &str) -> Result<Box<dyn Lock>, LockError>;

inventory::collect!(LockBackend);

/// Returns the backend of a scheme.
pub(super) fn registered(scheme: &str) -> Option<&'static LockBackend> {
    inventory::iter::<LockBackend>
        .into_iter()
        .find(|backend| backend.scheme == scheme)
}

/// Returns the schemes of all backends that this program has registered.
pub(super) fn registered_schemes() -> Vec<&'static str> {
    let all = inventory::iter::<LockBackend>.into_iter();
    all.map(|backend| backend.scheme).collect()
}
