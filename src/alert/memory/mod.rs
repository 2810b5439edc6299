//! What the policy knows from one moment to the next, in the form in which it survives a crash.
//!
//! Two ways lead from a saved memory to a new runner. [`AlertMemory::restored`] is for one that
//! comes back from a crash: it knows every kind, the outage and the schedule of its reminders.
//! [`AlertMemory::forgotten`] is for one that a person started: only what limits the number of
//! mails is kept, and what was held back so far.

mod alert_memory;
mod balance;
mod bounds;
mod deferred_failures;
mod deferred_summary;
mod ongoing;
mod recorded;
mod retry_later;
mod task;

pub(crate) use alert_memory::AlertMemory;
pub(crate) use deferred_failures::{DeferredFailures, sort_of};
pub(crate) use deferred_summary::{DeferredSummary, MailLimit, waiting};
pub(crate) use ongoing::Ongoing;
pub(crate) use recorded::Recorded;
pub(crate) use task::{OutageLimits, TaskMemory};
