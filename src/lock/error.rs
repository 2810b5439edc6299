//! Why a call to a lock did not succeed.

use std::fmt;

/// The longest note beside a lock.
pub const MOST_BYTES_OF_NOTE: usize = 64 << 10;

/// Why a call to a lock did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockError {
    /// No server has answered in time: the same call may succeed later. A renewal that ends so
    /// prolongs nothing, and may have been carried out all the same.
    Unreachable {
        /// Where the lock is: see [`Lock::place`](super::Lock::place).
        place: String,
        /// The reason, as a fragment for messages.
        why: String,
    },
    /// The server answered and refuses: credentials, permissions, a schema of another shape. A
    /// person must act.
    Refused {
        /// Where the lock is.
        place: String,
        /// The reason, as a fragment for messages.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// The call was ended by its [`LockInterrupter`](super::LockInterrupter).
    Interrupted,
    /// Only the holder of the lock may do this, and this instance is not the holder (any more).
    NotHeld {
        /// Where the lock is.
        place: String,
    },
    /// The note is longer than [`MOST_BYTES_OF_NOTE`].
    NoteTooLong {
        /// Its length.
        bytes: usize,
    },
}

impl LockError {
    /// Returns whether the same call may succeed later, without help.
    pub fn may_pass(&self) -> bool {
        matches!(self, LockError::Unreachable { .. } | LockError::Interrupted)
    }

    /// Returns what to do about the error.
    pub fn remedy(&self) -> Option<&str> {
        match self {
            LockError::Refused { remedy, .. } => Some(remedy),
            LockError::Unreachable { .. } => {
                Some("nothing, if the server is back soon: the call is tried again; else start it")
            }
            LockError::NotHeld { .. } => Some("acquire the lock first"),
            LockError::NoteTooLong { .. } => Some("keep the note short"),
            LockError::Interrupted => None,
        }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockError::Unreachable { place, why } => {
                write!(f, "{place} cannot be reached: {why}")
            }
            LockError::Refused { place, why, .. } => write!(f, "{place} refuses: {why}"),
            LockError::Interrupted => f.write_str("the call was interrupted"),
            LockError::NotHeld { place } => {
                write!(f, "the lock is not held by this process: {place}")
            }
            LockError::NoteTooLong { bytes } => {
                write!(
                    f,
                    "a note of {bytes} bytes is longer than {MOST_BYTES_OF_NOTE} bytes"
                )
            }
        }
    }
}

impl std::error::Error for LockError {}

/// Checks the length of a note.
pub(super) fn check_length(note: &str) -> Result<(), LockError> {
    match note.len() {
        bytes if bytes > MOST_BYTES_OF_NOTE => Err(LockError::NoteTooLong { bytes }),
        _ => Ok(()),
    }
}
