//! From events to mails: applies the policy, writes the mail, hands it to the outbox, and remembers
//! what was mailed.

pub(crate) mod alert_memory_file;
pub(crate) mod alerter;
pub(crate) mod mail_composer;
pub(crate) mod mail_dispatch;
pub(crate) mod recipients;
