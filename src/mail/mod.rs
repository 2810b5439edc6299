//! How mail leaves the machine: outbox on disk, worker process, transports.
//!
//! ```text
//! loop ── one small file, fsync ──► outbox ──► mailer ──► worker process ──► smtp | sendmail
//!                                                   └────────────────────► file | print
//! ```
//!
//! Two kinds of mail go this way. Our own mails to the admin wait in `STATE_DIR/outbox/alerts`
//! and are delivered by a thread that is there only while something waits. Messages of other
//! programs wait in `STATE_DIR/outbox/queue`, where anybody drops them (`NAME.eml`, plain or with
//! the envelope that lettre's file transport writes); [`deliver_queue`] and [`retry_deferred`]
//! serve them, and the tasks `tasks::send_mail` and `tasks::retry_deferred` are nothing but calls
//! of these.

mod address;
#[cfg(test)]
mod any_failure_tests;
pub(crate) mod claimed_delivery;
pub(crate) mod delivery_error;
pub(crate) mod delivery_main;
mod delivery_route;
mod eml;
pub(crate) mod immediate;
pub(crate) mod mailer;
mod message;
pub(crate) mod outbox;
mod outbox_delivery;
pub(crate) mod queue;
mod route;
mod schedule;
mod sendmail;
mod service;
#[cfg(feature = "smtp")]
mod smtp;
#[cfg(feature = "smtp")]
mod smtp_way;
#[cfg(not(feature = "smtp"))]
#[path = "smtp_way/left_out.rs"]
mod smtp_way;
#[cfg(test)]
mod test_mails;
#[cfg(test)]
#[cfg(feature = "smtp")]
#[path = "../../tests/support/smtp.rs"]
mod test_server;
pub(crate) mod transport;
mod wire;

pub(crate) use route::{name as way, password};
pub use service::{Delivered, QueueError, Returned, deliver_queue, retry_deferred};
pub(crate) use service::{install, pack, retry_all_deferred, unpack};
pub(crate) use wire::DeliveryResult;
