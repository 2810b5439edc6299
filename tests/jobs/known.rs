//! What `status`, `history`, `report` and `metrics` know of jobs.

use std::process::Output;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::desk::Desk;
use crate::support::{eventually, stderr, stdout};

const CONFIG: &str = r#"
[jobs.good]
steps = [{ name = "do", shell = "true" }]
[jobs.bad]
steps = [{ name = "do", shell = "echo no such table >&2; exit 3" }]
"#;

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
pub fn a_board_without_a_worker_is_no_silence() {
    let desk = Desk::with(CONFIG);
    desk.post(&["good"]);
    let status = desk.place.run(&["status"]);
    assert_eq!(code(&status), Some(3), "{}", stderr(&status));
    let printed = stdout(&status);
    assert!(
        printed.contains("no worker runs, and 1 job waits"),
        "{printed}"
    );
    assert!(
        printed.contains("run_functions work") || printed.contains(" work"),
        "{printed}"
    );
    let watched = desk.place.run(&["status", "--mail-if-bad"]);
    assert_eq!(code(&watched), Some(3));
    let subjects = desk.place.all_subjects();
    assert!(
        subjects
            .iter()
            .any(|subject| subject.contains("No worker: jobs or schedules wait")),
        "{subjects:?}"
    );
}

#[test]
pub fn a_worker_that_died_counts_for_nothing() {
    let desk = Desk::with(CONFIG);
    let mut worker = desk.worker(&["--name", "builder"]);
    worker.signal(Signal::SIGKILL);
    worker.wait_for_end();
    desk.post(&["good"]);
    let printed = stdout(&desk.place.run(&["status"]));
    assert!(
        printed.contains("no worker runs, and 1 job waits"),
        "{printed}"
    );
    assert!(printed.contains("died: worker builder"), "{printed}");
    assert!(desk.says(&["workers"]).contains("builder  DIED"));
    let refusal = desk.refuses(&["workers", "forget", "builder"], 1);
    assert!(refusal.contains("takes its jobs over"), "{refusal}");
    let next = desk.worker(&["--name", "next"]);
    assert!(eventually(|| desk.place.run(&["status"]).status.success()));
    let refusal = desk.refuses(&["workers", "forget", "next"], 1);
    assert!(
        refusal.contains("may live") && refusal.contains("workers quit next"),
        "{refusal}"
    );
    assert_eq!(next.stop(), Some(0));
}

#[test]
pub fn status_history_report_and_metrics_know_how_jobs_fare() {
    let desk = Desk::with(CONFIG);
    let worker = desk.worker(&[]);
    let good = desk.post(&["good"]);
    desk.wait_for(good, "succeeded");
    let status = desk.place.run(&["status"]);
    assert_eq!(code(&status), Some(0), "{}", stdout(&status));
    assert!(stdout(&status).contains("1 worker"), "{}", stdout(&status));

    let bad = desk.post(&["bad"]);
    desk.wait_for(bad, "failed");
    let status = desk.place.run(&["status"]);
    assert_eq!(code(&status), Some(1), "a job that fails is a failure");
    let printed = stdout(&status);
    assert!(printed.contains("bad  FAILED"), "{printed}");
    assert!(
        printed.contains("no such table") && printed.contains(&format!("job {bad}")),
        "{printed}"
    );
    let data: Value =
        serde_json::from_str(&stdout(&desk.place.run(&["status", "--json"]))).unwrap();
    assert_eq!(data["board"]["jobs"][0]["last_failure"]["job"], bad);
    assert_eq!(data["board"]["jobs"][1]["ok_in_24h"], 1);

    let history = desk.says(&["history"]);
    let lines: Vec<&str> = history.lines().collect();
    assert!(
        lines[0].starts_with(&format!("job {good} ")) && lines[0].contains("succeeded"),
        "{history}"
    );
    assert!(
        lines[1].contains("bad  failed") && lines[2].contains("no such table"),
        "{history}"
    );
    assert_eq!(desk.says(&["history", "--failed"]).lines().count(), 2);
    assert!(
        desk.says(&["history", "good"])
            .starts_with(&format!("job {good} "))
    );
    desk.refuses(&["history", "goud"], 2);

    let report = desk.says(&["report"]);
    assert!(report.contains("jobs of the board: 1 worker"), "{report}");
    assert!(
        report.contains("bad") && report.contains("no such table"),
        "{report}"
    );

    let metrics = desk.says(&["metrics"]);
    let is_there = |start: &str, end: &str| {
        let mut lines = metrics.lines();
        lines.any(|line| line.starts_with(start) && line.ends_with(end))
    };
    assert!(is_there("run_functions_board_workers{", "} 1"), "{metrics}");
    assert!(
        is_there("run_functions_board_last_failure_timestamp_seconds{", ""),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"job="good",state="waiting"} 0"#),
        "{metrics}"
    );
    assert_eq!(worker.stop(), Some(0));
}
