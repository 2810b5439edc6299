//! The outbox: what waits to leave, on disk, so that neither a crash nor a dead server loses a
//! mail.
//!
//! `STATE_DIR/outbox/alerts` holds our own mails, one JSON file each with its envelope; `queue`,
//! `deferred` and `failed` hold the messages of [`queue`](super::queue). `path.json` tells since
//! when the way to the server is broken, and why, and counts what found no room. Files that are not
//! whole do not exist: each is written beside its place and renamed.

mod cause;
mod claimed_mails;
mod delivery_counts;
mod departures;
mod entry;
mod listing;
mod mail_files;
mod mail_store;
mod memory;
mod merged_mail;
pub(crate) mod path_state;
mod records;
mod report;
mod room;
mod store;
mod undelivered;

pub(crate) use cause::{group_of, is_untried};
pub(crate) use claimed_mails::{ClaimedChange, ClaimedMails};
pub(crate) use delivery_counts::DeliveryEnd;
pub(crate) use departures::Departures;
pub(crate) use entry::{Lost, QueuedMail, Recipient, RecipientState};
pub(crate) use listing::{ListedMail, Listing, listed, listing};
pub(crate) use mail_files::judge;
pub(crate) use mail_store::MailStore;
pub(crate) use path_state::{BrokenPath, PathState};
pub(crate) use report::{OutboxReport, is_closed, report};
pub(crate) use store::{KeptWhere, Outbox};
pub(crate) use undelivered::{NotSent, Undelivered};
