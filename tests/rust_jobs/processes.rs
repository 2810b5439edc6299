//! What befalls the processes of a job.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::desk::{Desk, is_exact, journal};
use crate::support::eventually;
use crate::tiny_harness::{Test, tests};
use crate::whole_jobs::desk;

pub(crate) const TESTS: &[Test] = tests![
    another_worker_goes_on_at_the_step_in_which_the_first_one_died,
    a_step_that_asks_comes_to_its_own_end_when_the_job_is_killed,
    a_step_that_never_asks_is_ended_by_the_signal,
    a_step_in_progress_is_finished_by_the_worker_that_is_replaced,
];

/// Posts the job that waits; returns its number and its log.
fn posted(desk: &Desk) -> (u64, PathBuf) {
    let log = desk.place.path("log.txt");
    let id = desk.post(&["waits", "--log", &log.display().to_string()]);
    (id, log)
}

fn lines(log: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn another_worker_goes_on_at_the_step_in_which_the_first_one_died() {
    let desk = desk("");
    let first = desk.worker(&["--name", "a"]);
    let (id, log) = posted(&desk);
    assert!(eventually(|| lines(&log) == ["first", "wait 7"]));
    first.signal(Signal::SIGKILL);
    let _second = desk.worker(&["--name", "b"]);
    assert!(eventually(|| lines(&log).len() == 3));
    fs::write(log.with_extension("released"), "").unwrap();
    let job = desk.wait_for(id, "succeeded");
    is_exact(&job);
    assert_eq!(
        journal(&job),
        [
            "first execute succeeded",
            "wait execute interrupted",
            "wait execute succeeded",
            "deaf execute succeeded",
        ]
    );
    assert_eq!(lines(&log), ["first", "wait 7", "wait 7", "deaf"]);
}

fn a_step_that_asks_comes_to_its_own_end_when_the_job_is_killed() {
    let desk = desk("");
    let _worker = desk.worker(&[]);
    let (id, log) = posted(&desk);
    assert!(eventually(|| lines(&log).len() == 2));
    desk.asks(id, &["kill"]);
    desk.wait_for(id, "cancelled");
    assert_eq!(lines(&log), ["first", "wait 7", "stops"]);
}

fn a_step_that_never_asks_is_ended_by_the_signal() {
    let desk = desk("kill_grace = \"1h\"\n");
    let _worker = desk.worker(&[]);
    let log = desk.place.path("log.txt");
    fs::write(log.with_extension("released"), "").unwrap();
    fs::write(log.with_extension("deaf"), "").unwrap();
    let (id, log) = posted(&desk);
    assert!(eventually(|| lines(&log).len() == 3));
    desk.asks(id, &["kill"]);
    // Long before the grace is over.
    let job = desk.wait_for(id, "cancelled");
    assert_eq!(journal(&job).last().unwrap(), "deaf execute killed");
}

fn a_step_in_progress_is_finished_by_the_worker_that_is_replaced() {
    let desk = desk("");
    let _first = desk.worker(&["--name", "a"]);
    let (id, log) = posted(&desk);
    assert!(eventually(|| lines(&log).len() == 2));
    let second = desk.worker(&["--name", "a"]);
    fs::write(log.with_extension("released"), "").unwrap();
    let job = desk.wait_for(id, "succeeded");
    second.wait_for("deaf: Execution successful");
    assert_eq!(
        journal(&job),
        [
            "first execute succeeded",
            "wait execute succeeded",
            "deaf execute succeeded",
        ]
    );
    assert_eq!(lines(&log), ["first", "wait 7", "deaf"]);
}
