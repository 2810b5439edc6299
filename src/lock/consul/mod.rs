//! The lock in Consul: a key that a session holds.
//!
//! A local agent proves nothing: it goes on answering on a host that is cut off. What counts is a
//! read of the key with `?consistent`, which the leader answers after it has made sure that it is
//! the leader. When the session ends, for whatever reason and however early, Consul keeps the key
//! from others for the **lock-delay**, which is the length of the lease: so nothing is assumed of
//! when a session ends.
//!
//! | `ttl` | session | service check | lease |
//! |---|---|---|---|
//! | below 10 s | 10 s, ends with the node (`serfHealth`) | 3 s | 5 s: beat 1 s, KILL at 4 s |
//! | from 10 s on | KILL of the lease | 60 % of `ttl` | `ttl` |

mod consul_client;
mod consul_entry;
mod consul_lock;
mod consul_session;
mod consul_value;

use super::error::LockError;
use super::lock_trait::Lock;
use super::stored_value::StoredValue;
use crate::core::settings::LockSettings;

/// The engine, which this program has.
pub(super) const ENGINE: Option<&str> = Some("consul");

/// Opens a lock.
pub(super) fn open(settings: &LockSettings, key: &str) -> Result<Box<dyn Lock>, LockError> {
    Ok(Box::new(consul_lock::ConsulLock::new(settings, key)?))
}

/// Opens a text.
pub(super) fn open_value(
    settings: &LockSettings,
    name: &str,
) -> Result<Box<dyn StoredValue>, LockError> {
    Ok(Box::new(consul_value::ConsulValue::new(settings, name)?))
}
