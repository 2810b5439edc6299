//! What is known of a chain, as the page takes it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::history::{MailTotals, TaskSummary};

/// What is known of a chain.
#[derive(Debug)]
pub(crate) struct ChainMetrics<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What is known of its runner; `None`: none runs.
    pub(crate) runner: Option<RunnerMetrics>,
    /// When the page will have been written anew at the latest, if a process does so and that can
    /// be known known.
    pub(crate) page_due: Option<SystemTime>,
    /// Its tasks, in order.
    pub(crate) tasks: Vec<TaskMetrics<'a>>,
    /// What is known of its mails.
    pub(crate) mail: MailMetrics<'a>,
}

/// What is known of a runner.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunnerMetrics {
    /// Which version of the program it is.
    pub(crate) version: Option<String>,
    /// When it began.
    pub(crate) began: Option<SystemTime>,
    /// When the cooldown ends that passes.
    pub(crate) next_run: Option<SystemTime>,
}

/// What is known of a task.
#[derive(Debug)]
pub(crate) struct TaskMetrics<'a> {
    /// What it is called on the screen.
    pub(crate) label: &'a str,
    /// Its runs.
    pub(crate) past: &'a TaskSummary,
    /// What alerts know of it.
    pub(crate) alerts: AlertMetrics,
}

/// What alerts know of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AlertMetrics {
    /// Since when it is down, if it is.
    pub(crate) down_since: Option<SystemTime>,
    /// Until when it is muted, if it is.
    pub(crate) muted_until: Option<SystemTime>,
    /// How many mails a mute has held back that no mail has reported yet.
    pub(crate) muted_mails: u64,
}

/// What is known of the mails of a chain.
#[derive(Debug)]
pub(crate) struct MailMetrics<'a> {
    /// How many were written of each sort.
    pub(crate) written: &'a MailTotals,
    /// How many left.
    pub(crate) sent: BTreeMap<String, u64>,
    /// How many were given up.
    pub(crate) failed: BTreeMap<String, u64>,
    /// How many failures wait for a mail, by its sort.
    pub(crate) held_back: Vec<(&'static str, u64)>,
    /// How many wait in the outbox.
    pub(crate) waiting: usize,
    /// When the oldest of them was written.
    pub(crate) oldest: Option<SystemTime>,
    /// Whether the last attempt to deliver found its way to the server.
    pub(crate) leaves: bool,
    /// When what was mailed was last written down.
    pub(crate) memory_written: Option<SystemTime>,
}
