//! The text of a mail: an [`Alert`](super::alert_facts::Alert) and what is known around it become
//! an [`AdminMail`](crate::core::admin_mail::AdminMail). Pure; all texts that come in are redacted.

mod body;
mod compose;
mod essentials;
mod failure_text;
mod lines;
mod mail_context;
mod mutes;
mod output;
mod sentences;
mod subject;
mod summary;

pub(crate) use compose::compose;
pub(crate) use lines::{one_line, shortened};
pub(crate) use mail_context::{MailContext, MailPath};
pub(crate) use sentences::{Reasons, because};
pub(crate) use subject::headline;

#[cfg(test)]
mod tests;
