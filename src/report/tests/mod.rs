#[cfg(feature = "report-html")]
mod hostile;
#[cfg(feature = "report-html")]
mod page;
mod past;

use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;

use super::*;
use crate::core::event::RunId;
use crate::history::{Began, Mailed, Record, RecordedRun, RunResult, Silent, Stamp};

/// 22 November 2026, 03:20 UTC.
const NOW: u64 = 1_795_317_600;
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;

/// Returns the page of this build.
#[cfg(feature = "report-html")]
fn page(report: &HistoryReport) -> String {
    super::page(report).unwrap()
}

fn ago(secs: u64) -> Stamp {
    Stamp((NOW - secs) * 1_000_000)
}

fn now() -> SystemTime {
    ago(0).time()
}

/// The past of one chain, record by record.
struct Past {
    records: Vec<Record>,
}

impl Past {
    fn of(tasks: &[&str]) -> Self {
        Past {
            records: Vec::new(),
        }
        .began(100 * DAY, tasks)
    }

    fn began(mut self, secs_ago: u64, tasks: &[&str]) -> Self {
        self.records.push(Record::Began(Began {
            at: ago(secs_ago),
            pid: 1,
            program: "0.1.0".to_owned(),
            tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
            boot: 0,
        }));
        self
    }

    fn run(mut self, task: &str, secs_ago: u64, took: f64, result: RunResult, text: &str) -> Self {
        let failed = result.is_failure();
        self.records.push(Record::Run(Box::new(RecordedRun {
            id: RunId(NOW - secs_ago),
            task: task.to_owned(),
            at: ago(secs_ago),
            took: Duration::from_secs_f64(took),
            result,
            kind: failed
                .then(|| format!("{:012x}", crate::core::hash::fnv1a(text.as_bytes()) >> 16)),
            text: failed.then(|| text.to_owned()),
            details: Vec::new(),
            output: None,
        })));
        self
    }

    fn ok(self, secs_ago: u64, took: f64) -> Self {
        self.run("tasks::a", secs_ago, took, RunResult::Ok, "")
    }

    fn failed(self, secs_ago: u64, text: &str) -> Self {
        self.run("tasks::a", secs_ago, 1.0, RunResult::Failed, text)
    }

    fn mailed(mut self, secs_ago: u64, sort: &str) -> Self {
        self.records.push(Record::Mailed(Mailed {
            at: ago(secs_ago),
            task: Some("tasks::a".to_owned()),
            run: None,
            sort: sort.to_owned(),
            headline: "First exception caught".to_owned(),
        }));
        self
    }

    fn silent(mut self, secs_ago: u64, why: &str) -> Self {
        self.records.push(Record::Silent(Silent {
            run: RunId(NOW - secs_ago),
            why: why.to_owned(),
        }));
        self
    }

    /// Returns the report of a chain that has stopped.
    fn report(self) -> HistoryReport {
        self.report_with(CurrentState::default())
    }

    fn report_with(self, now: CurrentState) -> HistoryReport {
        let period = Period::new(self::now(), TimeZone::UTC, Some(Stamp(0)));
        let mut gathering = Gathering::new(period);
        for record in &self.records {
            gathering.add("a", record, |_| true);
        }
        let heading = Heading {
            host: "web1".to_owned(),
            program: "run_functions 0.1.0".to_owned(),
        };
        gathering.finish(heading, now)
    }
}

/// A chain `a` of one task that runs.
fn running(state: TaskState) -> CurrentState {
    CurrentState {
        schedules: Vec::new(),
        chains: vec![ChainNow {
            name: "a".to_owned(),
            condition: Condition::Runs,
            state: "tasks::a runs since 5s (pid 4711, up 2days)".to_owned(),
            muted: None,
            tasks: vec![TaskNow {
                label: "tasks::a".to_owned(),
                state,
                muted: None,
            }],
        }],
        mail_trouble: None,
    }
}

/// A mute for ten hours more, which has held three mails back.
fn muted(by: &str, reason: &str) -> MuteReport {
    MuteReport {
        until: Stamp((NOW + 10 * HOUR) * 1_000_000),
        by: by.to_owned(),
        reason: reason.to_owned(),
        held_back: 3,
    }
}

fn down() -> TaskState {
    TaskState::Down {
        since: ago(2 * HOUR),
        failures: 3,
        asks: 0,
        text: "exit 1: the disk is full".to_owned(),
        reminder: Some(Stamp((NOW + 10 * HOUR) * 1_000_000)),
    }
}

/// A month of a task that runs each six hours, with an outage in it, and one now.
fn a_month() -> Past {
    let mut past = Past::of(&["tasks::a"]);
    for run in (1..120).rev() {
        let secs_ago = run * 6 * HOUR;
        past = match run {
            40 => past
                .failed(secs_ago, "exit 1: no answer")
                .mailed(secs_ago, "first"),
            39 => past
                .failed(secs_ago, "exit 1: no answer")
                .silent(secs_ago, "same kind already mailed; downtime 6h < 12h"),
            38 => past
                .failed(secs_ago, "exit 2: no route")
                .mailed(secs_ago, "new"),
            37 => past
                .failed(secs_ago, "exit 1: no answer")
                .mailed(secs_ago, "downtime"),
            _ => past.ok(secs_ago, 2.0 + (run % 5) as f64 / 4.0),
        };
    }
    past.failed(2 * HOUR, "exit 1: the disk is full")
        .mailed(2 * HOUR, "new")
}
