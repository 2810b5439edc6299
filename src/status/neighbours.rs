//! The chains that run beside the one that is meant, and what a start would do to them.

use std::path::Path;

use super::state_files;
use crate::chain::ChainName;
use crate::config::invocation::Call;
use crate::config::{ConfigProblem, ConfigReport, Origin};
use crate::core::exit;
use crate::state::runner_info::{RunnerUnit, full_names};
use crate::task::TaskName;
use crate::unix::runner_handle::{self, ChainHolder};
use crate::unix::trusted_paths::PrivateDir;

/// A chain that runs.
pub(crate) struct Neighbour {
    /// Its name.
    pub(crate) name: ChainName,
    /// Its runner.
    pub(crate) pid: i32,
    /// The full names of its tasks, in order.
    pub(crate) tasks: Vec<String>,
    /// The unit of its runner.
    pub(crate) unit: Option<RunnerUnit>,
}

/// Returns the chains that run in a directory, as far as their runners can be seen. A directory
/// that cannot be looked at has none: a start is refused there, with the reason.
pub(crate) fn living(run_root: &Path) -> Vec<Neighbour> {
    let Ok(Some(root)) = PrivateDir::open_existing(run_root) else {
        return Vec::new();
    };
    let stems = root.stems(".pid").unwrap_or_default();
    let names = stems.iter().filter_map(|stem| ChainName::parse(stem));
    names.filter_map(|name| of_chain(&root, name)).collect()
}

/// Returns a chain, if it runs.
pub(crate) fn of_chain(root: &PrivateDir, name: ChainName) -> Option<Neighbour> {
    let Ok(ChainHolder::Runner(runner)) = runner_handle::find(root, &name) else {
        return None;
    };
    let said = state_files::said(root, &name).ok().flatten();
    let said = said.filter(|said| said.pid == runner.pid())?;
    Some(Neighbour {
        name,
        pid: runner.pid(),
        tasks: said.tasks,
        unit: said.unit,
    })
}

impl Neighbour {
    /// Returns which of these tasks it runs as well.
    pub(crate) fn shared<'a>(&self, tasks: &[&'a str]) -> Vec<&'a str> {
        let mut shared = tasks.to_vec();
        shared.retain(|task| self.tasks.iter().any(|other| other == task));
        shared.dedup();
        shared
    }

    /// Returns how it is ended.
    pub(crate) fn stop(&self) -> String {
        match &self.unit {
            Some(unit) => unit.systemctl("stop"),
            None => Call::as_typed().line(format_args!("stop {}", self.name)),
        }
    }
}

/// Returns what is odd about a start of this chain beside those that run.
pub(crate) fn warnings(run_root: &Path, name: &ChainName, tasks: &[TaskName]) -> ConfigReport {
    let tasks: Vec<&str> = tasks.iter().map(TaskName::as_str).collect();
    let mut report = ConfigReport::default();
    for neighbour in living(run_root).iter().filter(|chain| chain.name != *name) {
        let shared = neighbour.shared(&tasks);
        if !shared.is_empty() {
            report.add(shares(neighbour, &shared));
        }
    }
    report
}

/// Returns what a start of this chain would be refused for, by the runner that has its name.
pub(crate) fn foreseen(run_root: &Path, name: &ChainName, tasks: &[TaskName]) -> ConfigReport {
    let mut report = ConfigReport::default();
    let root = PrivateDir::open_existing(run_root).ok().flatten();
    let Some(runner) = root.and_then(|root| of_chain(&root, name.clone())) else {
        return report;
    };
    if runner.tasks != full_names(tasks) {
        let (pid, code) = (runner.pid, exit::OTHER_CHAIN);
        let message = format!(
            "a start would end with {code}: runner {pid} of `{name}` runs other tasks (`{}`)",
            runner.tasks.join(" ")
        );
        report.add(
            ConfigProblem::warning(&Origin::Nowhere, message).help(remedy_of_other_tasks(&runner)),
        );
    } else if let Some(unit) = &runner.unit {
        let message = format!("`{name}` is run by the unit `{}` of systemd", unit.name);
        let help = format!("`{}` restarts it there", unit.systemctl("restart"));
        report.add(ConfigProblem::warning(&Origin::Nowhere, message).help(help));
    }
    report
}

/// What to do when a runner has the name of a chain and other tasks.
pub(crate) fn remedy_of_other_tasks(runner: &Neighbour) -> String {
    format!(
        "`{}` ends that one, and this one can start; where both are to run, give one of them another `--name`",
        runner.stop()
    )
}

fn shares(neighbour: &Neighbour, shared: &[&str]) -> ConfigProblem {
    let names: Vec<String> = shared.iter().map(|task| format!("`{task}`")).collect();
    let (runs, copies) = match shared {
        [_] => ("runs", "two copies of it"),
        _ => ("run", "two copies of each"),
    };
    let message = format!(
        "{} {runs} in the chain `{}` too (runner {}): {copies} can run at the same time",
        names.join(", "),
        neighbour.name,
        neighbour.pid
    );
    let help = format!("`{}` ends that chain", neighbour.stop());
    ConfigProblem::warning(&Origin::Nowhere, message).help(help)
}
