//! The sorts of mail.

use serde::{Deserialize, Serialize};

/// The sorts of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AlertKind {
    /// The first failure that this memory sees.
    First,
    /// A failure of a kind that is not in this memory.
    New,
    /// The outage has lasted `count` times the non-recoverable downtime.
    Downtime {
        /// 1: "reached"; from 2 on "reached again".
        count: u32,
    },
    /// A run goes on for longer than `warn_after`.
    StillRunning,
    /// The outage has ended.
    Healed,
    /// What was held back, alone in one mail, now that the rate allows it.
    HeldBack,
    /// The regular summary, though all may be well.
    Summary,
}

impl AlertKind {
    /// Returns its word in headers, events and the state: `first`, `new`, `downtime`, `again`,
    /// `running`, `healed`, `digest` (of what was held back), `summary`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            AlertKind::First => "first",
            AlertKind::New => "new",
            AlertKind::Downtime { count: 0 | 1 } => "downtime",
            AlertKind::Downtime { .. } => "again",
            AlertKind::StillRunning => "running",
            AlertKind::Healed => "healed",
            AlertKind::HeldBack => "digest",
            AlertKind::Summary => "summary",
        }
    }
}
