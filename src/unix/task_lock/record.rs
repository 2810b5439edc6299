//! What is written down of a run before its program begins.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::super::boot;
use super::super::child::process_table::ProcessEntry;

/// A run of a chain, as `NAME.task` keeps it. A later runner ends what it left by this alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunRecord {
    /// The run, as its processes find it in their environment.
    pub(super) run: String,
    /// The leader of its session; the session has the same number.
    pub(super) leader: i32,
    /// When the leader started, in clock ticks since boot: with its number, that names a process
    /// for ever.
    pub(super) started: u64,
    /// The name of the user as whom it runs; `None`: as its runner.
    pub(super) user: Option<String>,
    /// The user of its runner.
    pub(super) uid: u32,
    /// The cgroup that is the run's own, where it has one.
    pub(super) cgroup: Option<PathBuf>,
    /// The cgroups of its runner, in which the run is if it has none of its own.
    pub(super) beside: String,
    /// Where the numbers mean anything.
    pub(super) place: Numbers,
}

/// Where and when numbers of processes mean what they meant when they were written: a boot of the
/// machine, and a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    boot: String,
    /// The namespace. The number of one that is gone is used again, so that the start of its first
    /// process belongs to it.
    namespace: String,
    first: u64,
}

impl Numbers {
    /// Returns those of this process.
    pub(super) fn here() -> &'static Self {
        static HERE: OnceLock<Numbers> = OnceLock::new();
        HERE.get_or_init(|| Numbers {
            boot: boot::id(),
            namespace: fs::read_link("/proc/self/ns/pid")
                .unwrap_or_default()
                .display()
                .to_string(),
            first: ProcessEntry::read(1).map_or(0, |first| first.started),
        })
    }
}

/// Writes records, a line each. The last line is empty: what may follow is the rest of a longer
/// text that was there before.
pub(super) fn to_text(records: &[RunRecord]) -> String {
    let line = |record| serde_json::to_string(record).unwrap_or_default();
    let lines: Vec<String> = records.iter().map(line).collect();
    format!("{HEAD}\n{}\n\n", lines.join("\n"))
}

/// Reads records; `None`: nothing was ever written here, so that nothing is known of runs. What
/// cannot be read is no record.
pub(super) fn from_text(text: &str) -> Option<Vec<RunRecord>> {
    let mut lines = text.lines();
    if lines.next()? != HEAD {
        return None;
    }
    let lines = lines.take_while(|line| !line.is_empty());
    Some(
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
    )
}

/// Explains to people what this file is.
const HEAD: &str = "# The runs of this chain that have not ended. Their processes have this file open; see `operations` in the guide.";
