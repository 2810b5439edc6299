//! How many jobs run at once, and how long a job may wait and take.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::desk::{Desk, is_exact, journal};
use crate::support::{eventually, stdout};

fn limited(limits: &str) -> Desk {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        r#"
[worker]
slots = 4
[jobs.resize]
args.customer = {{ default = "a" }}
{limits}
steps = [{{ name = "work", shell = 'while [ ! -e "{go}" ]; do sleep 0.05; done' }}]
"#
    ));
    desk
}

fn why(desk: &Desk, id: u64) -> String {
    desk.job(id)["why_waiting"][0].as_str().unwrap().to_owned()
}

#[test]
pub fn a_limit_holds_over_all_workers_and_a_job_says_who_has_its_places() {
    let desk = limited("limit = 2");
    let _one = desk.worker(&["--name", "one"]);
    let _two = desk.worker(&["--name", "two"]);
    let ids: Vec<u64> = (0..4).map(|_| desk.post(&["resize"])).collect();
    desk.wait_for_step(ids[0], "work");
    desk.wait_for_step(ids[1], "work");
    assert_eq!(desk.job(ids[3])["state"], "limited");
    assert_eq!(
        why(&desk, ids[3]),
        "it is behind the limit 2 of resize; its places have: 1, 2; 1 job is before it"
    );
    let running = desk.says(&["jobs", "--state", "running", "--json"]);
    let running: Value = serde_json::from_str(&running).unwrap();
    assert_eq!(running.as_array().unwrap().len(), 2);
    desk.place.write("go", "");
    for id in ids {
        is_exact(&desk.wait_for(id, "succeeded"));
    }
    let check = desk.says(&["board", "check"]);
    assert!(
        check.contains("The board is whole.") && !check.contains("Repaired"),
        "{check}"
    );
}

#[test]
pub fn each_value_of_an_argument_has_a_limit_of_its_own() {
    let desk = limited("limit = 1\nlimit_by = \"args.customer\"");
    let _worker = desk.worker(&[]);
    let first = desk.post(&["resize"]);
    let second = desk.post(&["resize"]);
    let other = desk.post(&["resize", "--customer", "b"]);
    desk.wait_for_step(first, "work");
    desk.wait_for_step(other, "work");
    assert!(why(&desk, second).contains("the limit 1 of resize:customer=\"a\""));
    // What is more urgent goes before.
    let urgent = desk.post(&["resize"]);
    assert!(stdout(&desk.asks(urgent, &["priority", "2"])).contains("limited now"));
    desk.asks(first, &["kill"]);
    desk.wait_for_step(urgent, "work");
    assert_eq!(desk.job(second)["state"], "limited");
}

#[test]
pub fn the_limit_of_the_worker_that_came_last_holds() {
    let desk = limited("limit = 1");
    let worker = desk.worker(&["--name", "a"]);
    let ids: Vec<u64> = (0..3).map(|_| desk.post(&["resize"])).collect();
    desk.wait_for_step(ids[0], "work");
    assert_eq!(desk.job(ids[1])["state"], "limited");
    let config = std::fs::read_to_string(desk.place.path("run_functions.toml")).unwrap();
    desk.place
        .configure(&config.replace("limit = 1", "limit = 2"));
    let _next = desk.worker(&["--name", "b"]);
    desk.wait_for_step(ids[1], "work");
    assert_eq!(desk.job(ids[2])["state"], "limited");
    desk.place.write("go", "");
    desk.wait_for(ids[2], "succeeded");
    drop(worker);
}

#[test]
pub fn a_job_that_is_killed_with_its_worker_keeps_its_place() {
    let desk = limited("limit = 1");
    let mut worker = desk.worker(&["--name", "a"]);
    let first = desk.post(&["resize"]);
    let second = desk.post(&["resize"]);
    desk.wait_for_step(first, "work");
    kill(Pid::from_raw(worker.pid().cast_signed()), Signal::SIGKILL).unwrap();
    worker.wait_for_status();
    let _other = desk.worker(&["--name", "b"]);
    desk.wait_for_step(first, "work");
    assert_eq!(desk.job(second)["state"], "limited");
    desk.place.write("go", "");
    desk.wait_for(second, "succeeded");
    assert!(journal(&desk.job(first)).contains(&"work execute interrupted".to_owned()));
}

#[test]
pub fn a_job_behind_a_limit_expires() {
    let desk = limited("limit = 1\nexpires = \"1s\"");
    let _worker = desk.worker(&[]);
    let first = desk.post(&["resize"]);
    desk.wait_for_step(first, "work");
    let second = desk.post(&["resize"]);
    let job = desk.wait_for(second, "cancelled");
    assert_eq!(job["reason"], "expired");
    assert_eq!(desk.job(first)["state"], "running");
}

const TIMED: &str = r#"
[worker]
slots = 2
[jobs.timed]
time_limit = "1s"
steps = [
  { name = "first", command = ["true"], revert = { command = ["echo", "undone"] } },
  { name = "long", shell = 'sleep 60 & wait', revert = { command = ["echo", "cleaned"] } },
]
[jobs.halts]
time_limit = "1s"
steps = [
  { name = "tries", command = ["false"], retry = { times = 100, every = "100ms" } },
]
"#;

#[test]
pub fn a_job_whose_time_is_over_is_ended_and_undone_and_mailed() {
    let desk = Desk::with(TIMED);
    let worker = desk.worker(&[]);
    let id = desk.post(&["timed"]);
    let job = desk.wait_for(id, "reverted");
    assert_eq!(
        journal(&job),
        [
            "first execute succeeded",
            "decision killed",
            "long execute killed",
            "long revert succeeded",
            "first revert succeeded",
        ]
    );
    assert_eq!(job["reason"], "its time limit of 1s is over");
    assert!(eventually(|| !desk.place.subjects().is_empty()));
    assert!(desk.place.subjects()[0].contains("[timed]"));
    drop(worker);
}

#[test]
pub fn tries_end_with_the_time_of_the_job() {
    let desk = Desk::with(TIMED);
    let _worker = desk.worker(&[]);
    let job = desk.wait_for(desk.post(&["halts"]), "failed");
    assert_eq!(job["reason"], "its time limit of 1s is over");
}

#[test]
pub fn the_time_of_a_job_goes_on_with_another_worker() {
    let desk = Desk::with(&TIMED.replace("\"1s\"", "\"4s\""));
    let mut worker = desk.worker(&["--name", "a"]);
    let id = desk.post(&["timed"]);
    desk.wait_for_step(id, "long");
    let ends_by = desk.job(id)["ends_by"].clone();
    kill(Pid::from_raw(worker.pid().cast_signed()), Signal::SIGKILL).unwrap();
    worker.wait_for_status();
    let _other = desk.worker(&["--name", "b"]);
    let job = desk.wait_for(id, "reverted");
    assert_eq!(job["ends_by"], ends_by);
    assert_eq!(job["reason"], "its time limit of 4s is over");
}
