//! What is known of chains as numbers, in the [text format of
//! Prometheus](https://prometheus.io/docs/instrumenting/exposition_formats/): for its node
//! exporter, which reads a file.
//!
//! PURE: from what was seen to a text. Two write it: the command `metrics` of all chains of
//! RUN_ROOT, and each runner of its own one.
//!
//! What holds for every page:
//! - Each series has the label `chain`, or `board` on the page of the command. Pages of several
//!   runners are read together, and one that is there twice makes all of them invalid.
//! - Labels are `chain`, `task`, `board`, `job`, `schedule`, `state`, `result`, `sort` and
//!   `version` (and the `le` of a histogram), never the text of a failure: the number of series is
//!   bounded.
//! - The text behind `# HELP` stays as it is: for pages of two releases in which it differs, the
//!   node exporter takes one of them only.
//! - Counts go on from runner to runner. They begin at zero when the machine starts, which programs
//!   that draw them expect of a counter.

#[cfg(feature = "cli")]
pub(crate) mod board_metrics;
mod chain_metrics;
mod chains;
mod page;
#[cfg(feature = "server")]
pub(crate) mod server_metrics;
mod tasks;
mod text;

pub(crate) use chain_metrics::{
    AlertMetrics, ChainMetrics, MailMetrics, RunnerMetrics, TaskMetrics,
};
pub(crate) use page::{ENDING, page};

#[cfg(test)]
pub(crate) use chains::SORTS;
#[cfg(test)]
mod tests;
