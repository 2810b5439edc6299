//! What is known of chains as numbers, in the [text format of Prometheus](https://prometheus.io/docs/instrumenting/exposition_formats/):
//! for its node exporter, which reads a file.
//!
//! PURE: from what was seen to a text. Two write it: the command `metrics` of all chains of RUN_ROOT, and each runner of its own one.
//!
//! What holds for every page:
//! - Each series has the label `chain`. Pages of several runners are read together, and one that is there twice makes all of them invalid.
//! - Labels are `chain`, `task`, `result`, `sort` and `version` (and the `le` of a histogram), never what a failure says: the number of series is bounded.
//! - The text behind `# HELP` stays as it is: for pages of two releases in which it differs, the node exporter takes one of them only.
//! - Counts go on from runner to runner. They begin at zero when the machine starts, which those who draw them expect of a counter.

mod chains;
mod tasks;
mod text;

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::settings::MetricsSettings;
use crate::state::history::{Mails, TaskSummary};

/// What a file has to be called for the node exporter to read it.
pub(crate) const ENDING: &str = MetricsSettings::ENDING;

/// The sorts of mail.
pub(crate) const SORTS: [&str; 8] = [
    "first", "new", "downtime", "again", "running", "healed", "digest", "summary",
];
/// What a sort is called that is none of them.
const OTHER: &str = "other";

/// What is known of a chain.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What is known of its runner; `None`: none runs.
    pub(crate) runner: Option<Runner>,
    /// When the page will have been written anew at the latest, if somebody does so and that can be said.
    pub(crate) page_due: Option<SystemTime>,
    /// Its tasks, in order.
    pub(crate) tasks: Vec<Task<'a>>,
    /// What is known of its mails.
    pub(crate) mail: Mail<'a>,
}

/// What is known of a runner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runner {
    /// Which version of the program it is.
    pub(crate) version: Option<String>,
    /// When it began.
    pub(crate) began: Option<SystemTime>,
    /// When the cooldown ends that passes.
    pub(crate) next_run: Option<SystemTime>,
}

/// What is known of a task.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    /// What it is called on the screen.
    pub(crate) label: &'a str,
    /// Its runs.
    pub(crate) past: &'a TaskSummary,
    /// What alerts know of it.
    pub(crate) alerts: Alerts,
}

/// What alerts know of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alerts {
    /// Since when it is down, if it is.
    pub(crate) down_since: Option<SystemTime>,
    /// Until when it is muted, if it is.
    pub(crate) muted_until: Option<SystemTime>,
    /// How many mails a mute has held back of which nobody was told yet.
    pub(crate) muted_mails: u64,
}

/// What is known of the mails of a chain.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    /// How many were written of each sort.
    pub(crate) written: &'a Mails,
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

/// Returns the page of these chains, each of which is named once.
pub(crate) fn page(chains: &[Chain<'_>], now: SystemTime) -> String {
    let mut text = String::new();
    chains::tell(&mut text, chains, now);
    tasks::tell(&mut text, chains, now);
    text
}

#[cfg(test)]
mod tests;
