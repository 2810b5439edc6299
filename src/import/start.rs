//! How the tasks of a file are started: written at its end.

use std::time::Duration;

use super::page::{TomlPage, span};

const WITH_THE_MACHINE: &str = "So that they are started with the machine: what `service print` prints for each, a unit of systemd, instead of the `&`.";

/// A task that was made.
#[derive(Debug)]
pub(super) struct StartedTasks {
    /// Its name, without `tasks::`.
    pub(super) name: String,
    /// The pause after a success.
    pub(super) pause: Duration,
    /// How it is to be started.
    pub(super) start: StartMode,
}

/// How a task is to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartMode {
    /// As a chain.
    Chain,
    /// A single time.
    Once,
    /// By a person, when it is wanted.
    ByHand,
    /// A single time, by a person, when it is wanted.
    OnceByHand,
}

impl StartMode {
    /// Returns whether it runs a single time, so that no chain is made of it.
    pub(super) fn is_once(self) -> bool {
        matches!(self, StartMode::Once | StartMode::OnceByHand)
    }

    /// Returns whether it waits for a person.
    fn is_by_hand(self) -> bool {
        matches!(self, StartMode::ByHand | StartMode::OnceByHand)
    }
}

/// Writes how to start what cron started.
pub(super) fn after_cron(program: &str, tasks: &[StartedTasks]) -> String {
    let mut page = TomlPage::default();
    if tasks.is_empty() {
        return String::new();
    }
    page.note("How to start it. A chain runs its tasks one after the other, with the pause of each after it.");
    if let [task] = tasks {
        page.command(&alone(program, task));
    } else {
        page.note("One chain for each job, side by side as under cron:");
        for task in tasks {
            page.command(&alone(program, task));
        }
        let cycle: Duration = tasks.iter().map(|task| task.pause).sum();
        page.note(&format!(
            "Or one chain for all, so that no two ever run at once. A cycle then takes the sum of all pauses, {} and the runs, and each job runs once in it; \
             only the last task should keep its pause then, and the others have \"0s\":",
            span(cycle)
        ));
        let names: Vec<String> = tasks
            .iter()
            .map(|task| format!("tasks::{}", task.name))
            .collect();
        page.command(&format!("{program} --name jobs {}", names.join(" ")));
    }
    page.note(WITH_THE_MACHINE);
    format!("\n{}", page.into_text())
}

/// Writes how to start what supervisord started, in the order of its priorities.
pub(super) fn after_supervisor(program: &str, tasks: &[StartedTasks]) -> String {
    if tasks.is_empty() {
        return String::new();
    }
    let mut page = TomlPage::default();
    page.note(
        "How to start it, in the order of the priorities. A chain runs its tasks one after the other, and a program that does not end lets no other begin: \
         one chain for each.",
    );
    for task in tasks.iter().filter(|task| task.start == StartMode::Chain) {
        page.command(&alone(program, task));
    }
    let once = |task: &&StartedTasks| task.start == StartMode::Once;
    if tasks.iter().any(|task| once(&task)) {
        page.note("autorestart=false: a single time.");
    }
    for task in tasks.iter().filter(once) {
        page.command(&alone(program, task));
    }
    let by_hand = |task: &&StartedTasks| task.start.is_by_hand();
    if tasks.iter().any(|task| by_hand(&task)) {
        page.note("autostart=false: when somebody wants it.");
    }
    for task in tasks.iter().filter(by_hand) {
        page.command(&alone(program, task));
    }
    page.note("One chain for all, as a crontab would have it, is of use only for programs that end by themselves.");
    page.note(WITH_THE_MACHINE);
    format!("\n{}", page.into_text())
}

fn alone(program: &str, task: &StartedTasks) -> String {
    if task.start.is_once() {
        return format!("{program} once tasks::{}", task.name);
    }
    format!("{program} tasks::{} &", task.name)
}
