//! The rescue of the jobs of a dead session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job_id::{JobId, SessionId};

/// What an observer has seen of a session that is not heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct Reap {
    /// The session.
    pub(crate) session: SessionId,
    /// The counter that has stood.
    pub(crate) beat: u64,
    /// How long the observer has seen it stand, on its own `CLOCK_BOOTTIME`. Jobs whose lease and
    /// margin ([`lease_end`]) are longer stay with the session.
    pub(crate) stood_for: Duration,
}

/// How long a session that holds nothing may go on unheard: it beats each 15 s.
pub(crate) const IDLE_LEASE: Duration = Duration::from_secs(60);

/// Returns how long a beat stands before a session is dead for a job of this lease: the lease, a
/// percent for the speed of clocks, and 50 ms.
pub(crate) fn lease_end(lease: Duration) -> Duration {
    lease + lease / 100 + Duration::from_millis(50)
}

/// The answer to a reap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReapAnswer {
    /// The session has beaten since: the counter is now this.
    Alive(u64),
    /// The session had left, or was reaped by another.
    Gone,
    /// Jobs were taken from the session.
    Reaped {
        /// Those that may be claimed again.
        released: Vec<JobId>,
        /// Those that crashed too often.
        stuck: Vec<JobId>,
        /// Those that were cancelled or paused by a request.
        settled: Vec<JobId>,
        /// How many jobs it keeps, because their leases are longer. With none the session is over.
        kept: u64,
    },
}
