//! The metrics of each task: its runs, how long they took, and its outage.

use std::collections::HashSet;
use std::time::SystemTime;

use MetricType::{Counter, Gauge, Histogram};

use super::chain_metrics::{ChainMetrics, TaskMetrics};
use super::text::{Family, MetricType, seconds, timestamp};
use crate::history::{BOUNDS, RunResult, Totals};

const RESULTS: [(RunResult, &str); 5] = [
    (RunResult::Ok, "ok"),
    (RunResult::Later, "later"),
    (RunResult::Interrupted, "interrupted"),
    (RunResult::Failed, "failed"),
    (RunResult::Fatal, "fatal"),
];

/// Adds the families of the tasks of these chains.
pub(super) fn tell(text: &mut String, chains: &[ChainMetrics<'_>], now: SystemTime) {
    let tasks: Vec<(&str, &TaskMetrics<'_>)> = chains.iter().flat_map(of_chain).collect();
    let help = "Runs that have ended, by result, since the machine started.";
    let mut family = Family::new(text, "runs_total", Counter, help);
    for (chain, task) in &tasks {
        for (result, word) in RESULTS {
            let labels = [("chain", *chain), ("task", task.label), ("result", word)];
            family.add(&labels, task.past.totals.runs(result));
        }
    }
    let help =
        "How long runs took, without those that were interrupted, since the machine started.";
    let mut family = Family::new(text, "run_duration_seconds", Histogram, help);
    for (chain, task) in &tasks {
        durations(&mut family, chain, task.label, &task.past.totals);
    }
    times(text, &tasks, now);
    mutes(text, &tasks);
}

/// A name that is there twice, as a damaged file may have it, would make the whole page invalid.
fn of_chain<'a>(
    chain: &'a ChainMetrics<'a>,
) -> impl Iterator<Item = (&'a str, &'a TaskMetrics<'a>)> {
    let mut seen = HashSet::new();
    let tasks = chain.tasks.iter();
    let once = tasks.filter(move |task| seen.insert(task.label));
    once.map(|task| (chain.name, task))
}

fn durations(family: &mut Family<'_>, chain: &str, task: &str, totals: &Totals) {
    let spread = totals.spread();
    let bounds = BOUNDS.map(|bound| seconds(bound).to_string());
    let bounds = bounds.iter().map(String::as_str).chain(["+Inf"]);
    let mut runs: u64 = 0;
    for (bound, more) in bounds.zip(spread.classes()) {
        runs = runs.saturating_add(*more);
        let labels = [("chain", chain), ("task", task), ("le", bound)];
        family.add_part("_bucket", &labels, runs);
    }
    let labels = [("chain", chain), ("task", task)];
    family.add_part("_sum", &labels, seconds(totals.took()));
    family.add_part("_count", &labels, runs);
}

fn times(text: &mut String, tasks: &[(&str, &TaskMetrics<'_>)], now: SystemTime) {
    let help = "When the last run ended, in seconds since 1970; absent before the first.";
    let mut family = Family::new(text, "last_run_timestamp_seconds", Gauge, help);
    for (chain, task) in tasks {
        let last = task.past.last.as_ref().map(|last| last.ended.time());
        family.add_some(&labels(chain, task), last.map(timestamp));
    }
    let help =
        "When the last run that succeeded ended, in seconds since 1970; absent before the first.";
    let mut family = Family::new(text, "last_success_timestamp_seconds", Gauge, help);
    for (chain, task) in tasks {
        let last = task.past.last_success.map(|last| last.time());
        family.add_some(&labels(chain, task), last.map(timestamp));
    }
    let help = "For how long the task had been down when this was written; 0 when it is healthy.";
    let mut family = Family::new(text, "outage_seconds", Gauge, help);
    for (chain, task) in tasks {
        let down = task
            .alerts
            .down_since
            .map(|since| now.duration_since(since).unwrap_or_default());
        family.add(&labels(chain, task), seconds(down.unwrap_or_default()));
    }
    let help = "When the first run failed since the last success, in seconds since 1970; absent when the task is healthy.";
    let mut family = Family::new(text, "outage_start_timestamp_seconds", Gauge, help);
    for (chain, task) in tasks {
        family.add_some(&labels(chain, task), task.alerts.down_since.map(timestamp));
    }
}

fn mutes(text: &mut String, tasks: &[(&str, &TaskMetrics<'_>)]) {
    let help = "When the mute ends that holds mails about the task back, in seconds since 1970; absent when none does.";
    let mut family = Family::new(text, "mute_end_timestamp_seconds", Gauge, help);
    for (chain, task) in tasks {
        family.add_some(&labels(chain, task), task.alerts.muted_until.map(timestamp));
    }
    let help = "Mails about the task that a mute has held back, and of which nobody was told yet.";
    let mut family = Family::new(text, "muted_mails", Gauge, help);
    for (chain, task) in tasks {
        family.add(&labels(chain, task), task.alerts.muted_mails);
    }
}

fn labels<'a>(chain: &'a str, task: &'a TaskMetrics<'_>) -> [(&'static str, &'a str); 2] {
    [("chain", chain), ("task", task.label)]
}
