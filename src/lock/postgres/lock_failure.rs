//! The error of a lock for that of PostgreSQL.

use crate::lock::error::LockError;
use crate::postgres::PgError;

/// Returns the error of a lock.
pub(super) fn lock_error(error: PgError, place: String) -> LockError {
    if matches!(error, PgError::Interrupted) {
        return LockError::Interrupted;
    }
    match error.remedy().map(str::to_owned) {
        Some(remedy) => LockError::Refused {
            place,
            why: error.words(),
            remedy,
        },
        None => LockError::Unreachable {
            place,
            why: error.words(),
        },
    }
}
