//! Mutes: mails about a task, or a whole chain, that a user does not want for a while.
//!
//! ```text
//! command ─► change ─► NAME.mutes ─► MuteFile ─► ScheduledMutes in the policy ─► MuteAccount
//!                          │                                                         │
//!                          └─────────► ActiveMute: status, check, reports ◄──────────┘
//! ```
//!
//! All but [`on_disk`] is pure, and is what the alert policy and `simulate` use: what a mute is
//! ([`wish`]), which mutes hold at a moment ([`scheduled_mutes`]), what they held back
//! ([`account`]), and how that reads ([`words`]).

pub(crate) mod account;
pub(crate) mod on_disk;
pub(crate) mod scheduled_mutes;
pub(crate) mod wish;
pub(crate) mod words;
