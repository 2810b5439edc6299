//! The lock in PostgreSQL: a row with a fence and a beat.
//!
//! The beat is a counter. Others remember since when, on their own boot clock, it has stood; no
//! clock of the database ends a lease. Each write names the fence and the token that it is meant
//! for, so that one that arrives late changes nothing, and each is a statement of its own without
//! state of a session, so that PgBouncer may hand each to another server connection.
//!
//! A standby LISTENs for a release on a connection of its own, and looks at the row now and then:
//! a holder that died releases nothing, and behind a pooler nothing is heard.
//!
//! A server that was promoted or restored may have lost commits. It is known by its system
//! identifier and its timeline; where these are new, the **epoch** grows, and with it each fence
//! from then on (`epoch · 2^40 + n`), and a lock whose holder is of an earlier epoch is not
//! acquired before a lease has passed.

mod held_row;
mod lock_failure;
mod lock_row;
mod pg_client;
mod postgres_lock;
mod postgres_value;
mod statements;

use super::error::LockError;
use super::lock_trait::Lock;
use super::stored_value::StoredValue;
use crate::core::settings::LockSettings;

/// The engine, which this program has.
pub(super) const ENGINE: Option<&str> = Some("postgres");

/// Opens a lock.
pub(super) fn open(settings: &LockSettings, key: &str) -> Result<Box<dyn Lock>, LockError> {
    Ok(Box::new(postgres_lock::PostgresLock::new(settings, key)?))
}

/// Opens a text.
pub(super) fn open_value(
    settings: &LockSettings,
    name: &str,
) -> Result<Box<dyn StoredValue>, LockError> {
    Ok(Box::new(postgres_value::PostgresValue::new(
        settings, name,
    )?))
}
