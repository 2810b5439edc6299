//! The lease of a lock: how long a holder may go on unheard, and when its work must have ended.
//!
//! Pure arithmetic on the boot clock (`CLOCK_BOOTTIME`). All deadlines count from before the last
//! acknowledged request was *sent*: a slow answer gives no time.

// Backends that watch a beat: PostgreSQL.
#[cfg(any(test, feature = "lock-postgres"))]
pub(crate) mod beat_watch;
mod lease_deadlines;
mod lease_terms;
#[cfg(test)]
mod tests;

pub use lease_deadlines::LeaseDeadlines;
pub use lease_terms::LeaseTerms;
