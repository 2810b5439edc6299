//! The end of a transaction before its message was accepted.

use crate::mail::delivery_error::DeliveryError;

/// The end of a transaction before its message was accepted.
pub(super) struct EndedExchange {
    pub(super) trouble: DeliveryError,
    /// Whether the conversation can go on.
    pub(super) open: bool,
}

impl EndedExchange {
    /// Returns the end of a transaction after which the conversation cannot go on.
    pub(super) fn broken(trouble: DeliveryError) -> Self {
        EndedExchange {
            trouble,
            open: false,
        }
    }

    /// Returns the end of a transaction after which the conversation can go on.
    pub(super) fn open(trouble: DeliveryError) -> Self {
        EndedExchange {
            trouble,
            open: true,
        }
    }
}
