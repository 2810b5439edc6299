//! What is mailed, and when: the policy, pure; the fingerprint of failures; the text of a mail.

mod bucket;
pub(crate) mod feed;
pub(crate) mod fingerprint;
pub(crate) mod memory;
pub(crate) mod message;
pub(crate) mod mute;
pub(crate) mod notice;
pub(crate) mod policy;
pub(crate) mod redact;
pub(crate) mod tally;
mod terminal;
