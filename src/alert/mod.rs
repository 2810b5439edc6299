//! What is mailed, and when: the policy, pure; the fingerprint of failures; the text of a mail.

pub(crate) mod alert_facts;
pub(crate) mod alert_kind;
mod bucket;
pub(crate) mod failure_kind;
pub(crate) mod fingerprint;
pub(crate) mod jobs;
pub(crate) mod memory;
pub(crate) mod message;
pub(crate) mod outage;
pub(crate) mod policy;
pub(crate) mod tally;
