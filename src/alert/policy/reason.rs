//! Why a failure is not mailed.

use std::time::{Duration, SystemTime};

use crate::alert::memory::MailLimit;
use crate::core::time::in_words;

/// Why a failed run is not mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SilenceReason {
    /// The admin knows of this kind, and the next reminder is not due.
    Known {
        /// When its mail left.
        mailed: SystemTime,
        /// How long the outage lasts.
        downtime: Duration,
        /// After what downtime the next reminder is due.
        reminder: Duration,
    },
    /// There was no token for its mail.
    HeldBack {
        /// Of which bucket.
        limit: MailLimit,
        /// When there is one; `None`: never.
        until: Option<SystemTime>,
    },
    /// A user does not want mails of this task for a while.
    Muted {
        /// Until when.
        until: SystemTime,
    },
    /// The former mail of this task could not be stored.
    NotStored {
        /// When that is tried again.
        again: SystemTime,
    },
}

impl SilenceReason {
    /// Returns it in words. `when` writes a time as people of this machine read it.
    pub(crate) fn words(&self, when: impl Fn(SystemTime) -> String) -> String {
        match *self {
            SilenceReason::Known {
                mailed,
                downtime,
                reminder,
            } => format!(
                "same kind already mailed {}; downtime {} < {}",
                when(mailed),
                in_words(downtime),
                in_words(reminder)
            ),
            SilenceReason::HeldBack { limit, until } => {
                let limit = match limit {
                    MailLimit::First => "too many first failures of this task mailed",
                    MailLimit::New => "too many new kinds of failure of this task mailed",
                    MailLimit::Chain => "`max_per_hour` mails of this chain sent",
                    MailLimit::Mute => "muted",
                };
                let until =
                    until.map_or_else(String::new, |until| format!(" until {}", when(until)));
                format!("held back{until}: {limit}")
            }
            SilenceReason::Muted { until } => format!("muted until {}", when(until)),
            SilenceReason::NotStored { again } => format!(
                "held back: the mail before could not be stored, tried again {}",
                when(again)
            ),
        }
    }
}
