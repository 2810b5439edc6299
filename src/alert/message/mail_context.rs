//! The facts around a mail.

use std::time::{Duration, SystemTime};

use super::super::alert_facts::Alert;
use crate::core::settings::{Healed, TaskSettings};

/// What surrounds an alert: which runner sends it, from where, and how the reader finds out more.
pub(crate) struct MailContext<'a> {
    /// The name of this machine.
    pub(crate) host: &'a str,
    /// The user that the runner runs as.
    pub(crate) user: &'a str,
    /// The name of the chain.
    pub(crate) chain: &'a str,
    /// What each task of the chain is called, in order; one that is named twice with its place,
    /// such as `tasks::sync (2)`.
    pub(crate) tasks: &'a [String],
    /// The process of the runner.
    pub(crate) pid: u32,
    /// The version of the program that runs.
    pub(crate) version: &'a str,
    /// When its executable was last changed, if that is known.
    pub(crate) executable_from: Option<SystemTime>,
    /// When the runner started.
    pub(crate) runner_started: SystemTime,
    /// How long the run took that the alert is about, or has taken so far.
    pub(crate) run_duration: Option<Duration>,
    /// The settings of the task that the alert is about.
    pub(crate) settings: Option<&'a TaskSettings>,
    /// How many FIRST and NEW mails may leave in an hour.
    pub(crate) max_per_hour: u32,
    /// Whether the end of an outage is mailed.
    pub(crate) healed: Healed,
    /// Why the recipients get the mail; `None`: they are those of `[mail]`.
    pub(crate) to_whom: Option<&'a str>,
    /// The state of the way by which mail leaves.
    pub(crate) mail: MailPath<'a>,
    /// The command that shows more, such as `run_functions`, `logs send_mail`: between its parts a
    /// shell may be given a new line.
    pub(crate) look: &'a [String],
    /// Writes a time as people here read it, such as `Sun 22 Nov 2026 10:46:01 +0100`.
    pub(crate) local_time: &'a dyn Fn(SystemTime) -> String,
    /// The domain of the sender.
    pub(crate) domain: &'a str,
    /// When the memory of this runner began to know nothing. With the facts of an alert it makes
    /// the Message-ID, so that a mail which is made again after a crash has the name of its twin.
    pub(crate) memory_born: SystemTime,
}

/// What became of mails before this one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MailPath<'a> {
    /// How many mails are waiting.
    pub(crate) waiting: u64,
    /// Since when mail has not been leaving, or had not been until this one.
    pub(crate) down_since: Option<SystemTime>,
    /// Why, in words.
    pub(crate) reason: Option<&'a str>,
    /// How many mails were given up or dropped.
    pub(crate) dropped: u64,
    /// What is to be reported besides, a sentence each: a damaged state file, a full disk.
    pub(crate) notes: &'a [String],
}

impl MailContext<'_> {
    pub(super) fn time(&self, time: SystemTime) -> String {
        (self.local_time)(time)
    }

    /// The task that an alert is about, or the chain.
    pub(super) fn name(&self, alert: &Alert) -> &str {
        let task = alert.step.and_then(|step| self.tasks.get(step));
        task.map_or(self.chain, String::as_str)
    }
}
