use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::core::event::RunId;
use crate::history::{
    Began, ChainSummary, Mailed, Record, RecordedRun, RunResult, Stamp, TaskSummary,
};

const NOON: Stamp = Stamp(1_795_305_600_000_000);

fn summary(task: &str, runs: &[(RunResult, u64)]) -> ChainSummary {
    let mut summary = ChainSummary::default();
    summary.add(&Record::Began(Began {
        at: NOON,
        pid: 1,
        program: String::new(),
        tasks: vec![task.to_owned()],
        boot: 1,
    }));
    for (result, millis) in runs {
        summary.add(&Record::Run(Box::new(RecordedRun {
            id: RunId(1),
            task: task.to_owned(),
            at: NOON,
            took: Duration::from_millis(*millis),
            result: *result,
            kind: None,
            text: None,
            details: Vec::new(),
            output: None,
        })));
    }
    summary
}

fn mailed(summary: &mut ChainSummary, sort: &str) {
    summary.add(&Record::Mailed(Mailed {
        at: NOON,
        task: None,
        run: None,
        sort: sort.to_owned(),
        headline: String::new(),
    }));
}

fn chain<'a>(name: &'a str, summary: &'a ChainSummary) -> ChainMetrics<'a> {
    let task = |past: &'a TaskSummary| TaskMetrics {
        label: &past.task,
        past,
        alerts: AlertMetrics {
            down_since: past.down_since.map(Stamp::time),
            ..AlertMetrics::default()
        },
    };
    ChainMetrics {
        name,
        runner: Some(RunnerMetrics::default()),
        page_due: None,
        tasks: summary.tasks.iter().map(task).collect(),
        mail: MailMetrics {
            written: &summary.mails,
            sent: BTreeMap::new(),
            failed: BTreeMap::new(),
            held_back: Vec::new(),
            waiting: 0,
            oldest: None,
            leaves: true,
            memory_written: None,
        },
    }
}

fn later(seconds: u64) -> SystemTime {
    NOON.time() + Duration::from_secs(seconds)
}

#[track_caller]
fn has(page: &str, line: &str) {
    assert!(
        page.lines().any(|other| other == line),
        "no `{line}` in\n{page}"
    );
}

#[test]
fn runs_are_told_by_result_and_duration() {
    let runs = [
        (RunResult::Ok, 5),
        (RunResult::Ok, 70_000),
        (RunResult::Failed, 2_000),
    ];
    let summary = summary("tasks::a", &runs);
    let page = page(&[chain("a", &summary)], later(3_600));
    let of = |rest: &str| format!("chain=\"a\",task=\"tasks::a\"{rest}");
    for (result, count) in [("ok", 2), ("failed", 1), ("later", 0), ("fatal", 0)] {
        let labels = of(&format!(",result=\"{result}\""));
        has(
            &page,
            &format!("run_functions_runs_total{{{labels}}} {count}"),
        );
    }
    for (bound, count) in [
        ("0.001", 0),
        ("0.005", 1),
        ("5", 2),
        ("60", 2),
        ("300", 3),
        ("+Inf", 3),
    ] {
        let labels = of(&format!(",le=\"{bound}\""));
        has(
            &page,
            &format!("run_functions_run_duration_seconds_bucket{{{labels}}} {count}"),
        );
    }
    let labels = of("");
    has(
        &page,
        &format!("run_functions_run_duration_seconds_sum{{{labels}}} 72.005"),
    );
    has(
        &page,
        &format!("run_functions_run_duration_seconds_count{{{labels}}} 3"),
    );
    has(
        &page,
        &format!("run_functions_outage_seconds{{{labels}}} 3600"),
    );
    has(
        &page,
        &format!("run_functions_outage_start_timestamp_seconds{{{labels}}} 1795305600"),
    );
    has(
        &page,
        &format!("run_functions_last_success_timestamp_seconds{{{labels}}} 1795305670"),
    );
}

#[test]
fn a_chain_without_a_runner_is_down_and_what_is_not_known_is_not_told() {
    let past = ChainSummary::default();
    let stopped = ChainMetrics {
        runner: None,
        ..chain("b", &past)
    };
    let page = page(&[stopped], later(0));
    has(&page, "run_functions_up{chain=\"b\"} 0");
    has(
        &page,
        "run_functions_outbox_oldest_age_seconds{chain=\"b\"} 0",
    );
    for absent in [
        "start_timestamp",
        "build_info",
        "due_timestamp",
        "runs_total",
        "outbox_oldest_timestamp",
    ] {
        assert!(!page.contains(absent), "{absent} in\n{page}");
    }
}

#[test]
fn mails_are_told_by_sort_and_a_strange_sort_makes_no_series_of_its_own() {
    let mut past = summary("tasks::a", &[]);
    for sort in ["first", "first", "\"};evil", "again", "x"] {
        mailed(&mut past, sort);
    }
    let page = page(&[chain("a", &past)], later(0));
    for (sort, count) in [("first", 2), ("again", 1), ("summary", 0), ("other", 2)] {
        let labels = format!("chain=\"a\",sort=\"{sort}\"");
        has(
            &page,
            &format!("run_functions_mails_queued_total{{{labels}}} {count}"),
        );
    }
    assert!(!page.contains("evil"), "{page}");
}

/// The names in the table of the guide.
fn named_in_the_guide() -> Vec<&'static str> {
    let rows = include_str!("../guide/metrics.md").lines();
    let names = rows.filter_map(|row| row.strip_prefix("| `")?.split_once('`'));
    names.map(|(name, _)| name).collect()
}

#[test]
fn the_guide_has_every_name_and_says_how_many_series_there_are() {
    let past = summary(
        "tasks::a",
        &[
            (RunResult::Failed, 1),
            (RunResult::Ok, 1),
            (RunResult::Failed, 1),
        ],
    );
    let mut chain = chain("a", &past);
    let now = later(0);
    chain.runner = Some(RunnerMetrics {
        version: Some("1".to_owned()),
        began: Some(now),
        next_run: Some(now),
    });
    chain.page_due = Some(now);
    chain.mail.oldest = Some(now);
    chain.mail.memory_written = Some(now);
    chain.mail.held_back = vec![("first", 1), ("new", 0)];
    chain.tasks[0].alerts.muted_until = Some(now);
    let page = page(&[chain], now);
    let types = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE run_functions_"));
    let mut names: Vec<&str> = types.filter_map(|line| line.split(' ').next()).collect();
    let mut of_guide = named_in_the_guide();
    of_guide.retain(|name| !name.starts_with("board_"));
    names.sort();
    of_guide.sort();
    assert_eq!(names, of_guide);
    let series = page.lines().filter(|line| !line.starts_with('#'));
    let (of_task, of_chain): (Vec<_>, Vec<_>) = series.partition(|line| line.contains("task="));
    let said = format!(
        "{} series at most, each of its tasks {}.",
        of_chain.len(),
        of_task.len()
    );
    assert!(
        include_str!("../guide/metrics.md").contains(&said),
        "{said}"
    );
}

#[test]
fn labels_are_escaped() {
    let past = summary("a\\b\"c\nd{}\r,é", &[(RunResult::Ok, 1)]);
    let page = page(&[chain("a", &past)], later(0));
    assert!(
        page.contains("task=\"a\\\\b\\\"c\\nd{}\r,é\",result=\"ok\"} 1\n"),
        "{page}"
    );
}

#[test]
fn a_task_that_a_damaged_file_has_twice_is_told_once() {
    let past = summary("tasks::a", &[(RunResult::Ok, 1)]);
    let mut twice = chain("a", &past);
    twice.tasks.extend(chain("a", &past).tasks);
    let page = page(&[twice], later(0));
    let sums = page.lines().filter(|line| line.contains("_seconds_sum{"));
    assert_eq!(sums.count(), 1, "{page}");
}

#[test]
fn a_clock_before_1970_or_an_outage_from_tomorrow_is_no_negative_number() {
    let past = summary("tasks::a", &[(RunResult::Failed, 1)]);
    let page = page(&[chain("a", &past)], UNIX_EPOCH - Duration::from_secs(5));
    assert!(!page.contains(" -"), "{page}");
}
