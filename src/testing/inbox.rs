//! The mails that are foreseen.

use std::fmt;
use std::time::Duration;

use crate::core::time::{Moment, in_words};
use crate::simulate::{Forecast, ForeseenMail};

/// The mails of a chain, in the order in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    mails: Vec<Mail>,
    runs: u64,
    failures: u64,
}

/// A mail to the admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    after: Duration,
    task: Option<String>,
    sort: &'static str,
    words: String,
}

impl Inbox {
    pub(super) fn of(foreseen: Forecast, names: &[String], start: Moment) -> Self {
        let mails = foreseen.mails.iter();
        Inbox {
            mails: mails.map(|mail| Mail::of(mail, names, start)).collect(),
            runs: foreseen.runs,
            failures: foreseen.failures,
        }
    }

    /// Returns the mails.
    pub fn mails(&self) -> &[Mail] {
        &self.mails
    }

    /// Returns whether there is no mail.
    pub fn is_empty(&self) -> bool {
        self.mails.is_empty()
    }

    /// Returns each mail as a line: `6h [tasks::backup] Non recoverable downtime reached`.
    pub fn lines(&self) -> Vec<String> {
        self.mails.iter().map(ToString::to_string).collect()
    }

    /// Returns how many runs there were.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Returns how many runs failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }
}

impl fmt::Display for Inbox {
    /// Prints a line for each mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mails.iter().try_for_each(|mail| writeln!(f, "{mail}"))
    }
}

impl Mail {
    fn of(mail: &ForeseenMail, names: &[String], start: Moment) -> Self {
        Mail {
            after: mail.at.mono.since(start.mono),
            task: mail.alert.step.map(|step| names[step].clone()),
            sort: mail.alert.sort.word(),
            words: mail.headline(),
        }
    }

    /// Returns how long after the start of the chain it is sent.
    pub fn after(&self) -> Duration {
        self.after
    }

    /// Returns the task that it is about; `None`: the whole chain.
    pub fn task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// Returns its sort: `first`, `new`, `downtime`, `again`, `running`, `healed`, or `digest` of
    /// what was held back.
    pub fn sort(&self) -> &str {
        self.sort
    }

    /// Returns the words of its subject, without host and task.
    pub fn words(&self) -> &str {
        &self.words
    }
}

impl fmt::Display for Mail {
    /// Prints `6h [tasks::backup] Non recoverable downtime reached`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.task.as_deref().unwrap_or("the chain");
        write!(f, "{} [{who}] {}", in_words(self.after), self.words)
    }
}
