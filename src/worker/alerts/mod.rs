//! Mails about jobs, schedules and workers: one alerter for the whole board, and the delivery of
//! its mails.
//!
//! ```text
//! workers ──► facts ─┐                     ┌─► mails ──► any process with `[mail]` ──► server
//! beats ──► counters ┼─► alerter (lock) ───┤
//! what did not happen┘     once a second   └─► memory           one transaction for both
//! ```

mod alert_desk;
mod alert_subject;
mod alert_surroundings;
mod alert_thread;
mod board_alerter;
mod board_mailer;
pub(crate) mod board_mutes;
mod conditions;
pub(crate) mod mail_flush;

pub(super) use alert_surroundings::AlertSurroundings;
pub(super) use alert_thread::AlertThread;
pub(super) use board_mailer::BoardMailer;
