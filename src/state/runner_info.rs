//! What the holder of a chain reports about itself, for the newcomer that is to replace it:
//! `NAME.state` in RUN_ROOT.
//!
//! Nothing here proves who holds the chain: the kernel does, by the lock. A file that names another
//! process than the one that holds the lock is a former holder's, and says nothing.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::form;
use crate::core::time::{Mono, Precision, rfc3339};
use crate::task::TaskName;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;

/// Longer than any list of tasks that a command line can hold.
pub(crate) const MOST_BYTES: u64 = 1 << 21;

/// The promises and the identity of the runner that holds a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunnerInfo {
    version: u32,
    /// The process that holds the pidfile.
    pub(crate) pid: i32,
    /// The full names of the tasks, in order.
    pub(crate) tasks: Vec<String>,
    /// How long its running task may finish after SIGTERM.
    #[serde(with = "span")]
    pub(crate) stop_timeout: Duration,
    /// How long that task's tree has between TERM and KILL.
    #[serde(with = "span")]
    pub(crate) kill_grace: Duration,
    /// When one runner of this chain was last replaced by another, oldest first; of this boot.
    #[serde(default)]
    pub(crate) takeovers: Vec<Mono>,
    /// When it began, for people.
    #[serde(default)]
    started: String,
    /// Which version of the program it is, for people.
    #[serde(default)]
    program: String,
    /// By what it was asked to stop, once it ends for that: nobody is to go on in its place then.
    /// `None` while it runs, and after any other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stopped: Option<String>,
    /// The unit of systemd that it is the main process of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<RunnerUnit>,
}

/// A unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunnerUnit {
    /// Such as `run_functions@shop.service`.
    pub(crate) name: String,
    /// Whether it is of a user's own systemd.
    #[serde(default)]
    pub(crate) of_user: bool,
}

impl RunnerUnit {
    /// Returns the command line that does something with it.
    pub(crate) fn systemctl(&self, verb: &str) -> String {
        let user = if self.of_user { " --user" } else { "" };
        format!("systemctl{user} {verb} {}", self.name)
    }
}

impl RunnerInfo {
    /// Makes what a runner of these tasks reports about itself.
    pub(crate) fn new(pid: i32, tasks: &[TaskName], started: SystemTime) -> Self {
        RunnerInfo {
            version: VERSION,
            pid,
            tasks: full_names(tasks),
            stop_timeout: Duration::ZERO,
            kill_grace: Duration::ZERO,
            takeovers: Vec::new(),
            started: rfc3339(started, Precision::Micros),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            stopped: None,
            unit: None,
        }
    }

    /// Sets the version of the program.
    pub(crate) fn of_version(self, version: &str) -> Self {
        RunnerInfo {
            program: version.to_owned(),
            ..self
        }
    }

    /// Reads what a runner has written; `None` for anything else, however it came to be there.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Returns the text of the file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        form::encode(self)
    }

    /// Returns when it began, if that can be read.
    pub(crate) fn started(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339(&self.started).ok()
    }

    /// Returns which version of the program it is; empty where that was not written.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// Returns whether it runs exactly these tasks, in this order.
    pub(crate) fn runs(&self, tasks: &[TaskName]) -> bool {
        self.tasks
            .iter()
            .map(String::as_str)
            .eq(tasks.iter().map(TaskName::as_str))
    }

    /// Returns the takeovers not longer ago than `within`.
    pub(crate) fn takeovers_since(&self, now: Mono, within: Duration) -> Vec<Mono> {
        let recent = |at: &&Mono| **at <= now && now.since(**at) <= within;
        self.takeovers.iter().filter(recent).copied().collect()
    }
}

/// Returns the name of the file of a chain.
pub(crate) fn file_name(chain: &str) -> String {
    format!("{chain}.state")
}

/// Returns the full names of tasks, as they are kept in files.
pub(crate) fn full_names(tasks: &[TaskName]) -> Vec<String> {
    tasks.iter().map(|task| task.as_str().to_owned()).collect()
}

/// Durations as people write them, which is exact to the nanosecond.
mod span {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&humantime::format_duration(*span))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        humantime::parse_duration(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tasks(names: &[&str]) -> Vec<TaskName> {
        names
            .iter()
            .map(|name| TaskName::parse(name).unwrap())
            .collect()
    }

    #[test]
    fn version_1_is_read() {
        let bytes = include_bytes!("../../tests/data/state/v1/holder.state");
        let holder = RunnerInfo::parse(bytes).unwrap();
        assert_eq!(holder.pid, 4711);
        assert!(holder.runs(&tasks(&["tasks::send_mail", "tasks::retry_deferred"])));
        assert_eq!(holder.stop_timeout, Duration::from_secs(60));
        assert_eq!(holder.kill_grace, Duration::from_secs(10));
        assert_eq!(holder.takeovers.len(), 2);
        assert_eq!(holder.to_bytes(), bytes);
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let text = r#"{"version":9,"pid":1,"tasks":[],"stop_timeout":"1ms","kill_grace":"0s","mood":"good"}"#;
        let holder = RunnerInfo::parse(text.as_bytes()).unwrap();
        assert_eq!(holder.stop_timeout, Duration::from_millis(1));
    }

    #[test]
    fn who_runs_says_nothing_of_its_end() {
        let mut holder = RunnerInfo::new(1, &[], SystemTime::UNIX_EPOCH);
        assert!(
            !String::from_utf8(holder.to_bytes())
                .unwrap()
                .contains("stopped")
        );
        holder.stopped = Some("SIGTERM".to_owned());
        assert_eq!(RunnerInfo::parse(&holder.to_bytes()), Some(holder));
    }

    #[test]
    fn other_tasks_or_another_order_are_another_chain() {
        let holder = RunnerInfo::new(1, &tasks(&["a::x", "a::y"]), SystemTime::UNIX_EPOCH);
        assert!(holder.runs(&tasks(&["a::x", "a::y"])));
        for other in [
            &["a::y", "a::x"][..],
            &["b::x", "a::y"],
            &["a::x"],
            &["a::x", "a::y", "a::y"],
        ] {
            assert!(!holder.runs(&tasks(other)), "{other:?}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_no_holder() {
        let whole = include_bytes!("../../tests/data/state/v1/holder.state").trim_ascii_end();
        for end in 0..whole.len() {
            assert_eq!(RunnerInfo::parse(&whole[..end]), None, "cut after {end}");
        }
    }

    #[test]
    fn only_recent_takeovers_of_this_boot_count() {
        let second = Duration::from_secs(1);
        let now = Mono::BOOT + 100 * second;
        let mut holder = RunnerInfo::new(1, &[], SystemTime::UNIX_EPOCH);
        holder.takeovers = vec![now - 61 * second, now - 60 * second, now, now + second];
        assert_eq!(
            holder.takeovers_since(now, 60 * second),
            [now - 60 * second, now]
        );
    }

    proptest! {
        #[test]
        fn garbage_is_no_holder_and_no_panic(bytes: Vec<u8>) {
            prop_assert_eq!(RunnerInfo::parse(&bytes), None);
        }

        #[test]
        fn durations_come_back_exactly(secs in 0..u64::from(u32::MAX), nanos in 0..1_000_000_000u32) {
            let mut holder = RunnerInfo::new(1, &[], SystemTime::UNIX_EPOCH);
            holder.stop_timeout = Duration::new(secs, nanos);
            prop_assert_eq!(RunnerInfo::parse(&holder.to_bytes()), Some(holder));
        }
    }
}
