//! Workers: names, takeover, drain, sleep, tags, --once.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::desk::{Desk, journal};
use crate::support::eventually;

fn desk() -> Desk {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        r#"
[worker]
slots = 2
[jobs.x]
steps = [
  {{ name = "long", shell = 'while [ ! -e "{go}" ]; do sleep 0.05; done' }},
  {{ name = "last", command = ["true"] }},
]
[jobs.quick]
steps = [{{ name = "a", command = ["true"] }}]
[jobs.picky]
needs = ["gpu"]
steps = [{{ name = "a", command = ["true"] }}]
"#
    ));
    desk
}

fn worker_of(job: &Value, step: &str) -> String {
    let entries = job["journal"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["step"] == step);
    entry.unwrap()["worker"].as_str().unwrap().to_owned()
}

#[test]
pub fn starting_a_worker_again_replaces_it_and_its_step_is_finished() {
    let desk = desk();
    let mut former = desk.worker(&["--name", "w"]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    let newcomer = desk.worker(&["--name", "w"]);
    // The newcomer claims from now on; the former worker only finishes its step.
    let quick = desk.post(&["quick"]);
    desk.wait_for(quick, "succeeded");
    assert_eq!(newcomer.count("[quick"), 3, "{}", newcomer.log());
    desk.place.write("go", "");
    assert_eq!(former.wait_for_end(), Some(0));
    let job = desk.wait_for(id, "succeeded");
    assert_eq!(
        journal(&job),
        ["long execute succeeded", "last execute succeeded"]
    );
    newcomer.wait_for("last: Execution successful");
    assert_eq!(job["crashes"], 0);
}

#[test]
pub fn a_worker_that_is_asked_to_end_finishes_its_step_and_gives_the_job_back() {
    let desk = desk();
    let mut worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    worker.signal(Signal::SIGTERM);
    worker.wait_for("SIGTERM received");
    let later = desk.post(&["quick"]);
    desk.place.write("go", "");
    assert_eq!(worker.wait_for_end(), Some(0));
    let job = desk.job(id);
    assert_eq!(job["state"], "waiting");
    assert_eq!(journal(&job), ["long execute succeeded"]);
    assert_eq!(
        desk.job(later)["state"],
        "waiting",
        "it claims nothing more"
    );
    let _next = desk.worker(&[]);
    let job = desk.wait_for(id, "succeeded");
    assert_eq!(
        journal(&job),
        ["long execute succeeded", "last execute succeeded"]
    );
}

#[test]
pub fn a_second_term_ends_the_step_which_counts_no_attempt() {
    let desk = desk();
    let mut worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    worker.signal(Signal::SIGTERM);
    worker.wait_for("SIGTERM received");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait_for_end(), Some(0));
    let job = desk.job(id);
    assert_eq!(job["state"], "waiting", "{job:#}");
    assert_eq!(journal(&job), ["long execute interrupted"]);
    assert_eq!(job["crashes"], 0, "a deploy is no crash");
}

#[test]
pub fn a_draining_worker_still_hears_kill() {
    let desk = desk();
    let mut worker = desk.worker(&["--name", "w"]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    desk.says(&["workers", "drain", "w"]);
    assert!(eventually(|| desk
        .says(&["workers"])
        .contains("drains, 1 job left")));
    desk.asks(id, &["kill"]);
    desk.wait_for(id, "cancelled");
    assert_eq!(worker.wait_for_end(), Some(0));
}

#[test]
pub fn a_sleeping_worker_claims_nothing_until_it_is_woken() {
    let desk = desk();
    let _worker = desk.worker(&["--name", "w"]);
    desk.says(&["workers", "sleep", "w"]);
    let list = || -> Value { serde_json::from_str(&desk.says(&["workers", "--json"])).unwrap() };
    assert!(eventually(|| list()[0]["wish"] == "sleep"));
    let id = desk.post(&["quick"]);
    let job = desk.job(id);
    let why = job["why_waiting"][0].as_str().unwrap();
    let expected = "the workers that know `quick` sleep or leave: w (worker `w` is paused by ";
    assert!(why.starts_with(expected), "{why}");
    desk.says(&["workers", "wake", "w"]);
    desk.wait_for(id, "succeeded");
}

#[test]
pub fn a_job_is_done_where_its_tags_are_and_says_what_it_misses() {
    let desk = desk();
    let _plain = desk.worker(&["--name", "plain"]);
    let printed = desk.says(&["post", "picky"]);
    assert_eq!(
        printed,
        "Posted job 1 (picky)\nIt waits: no worker has the tag gpu: plain\n"
    );
    let _able = desk.worker(&["--name", "able", "--tag", "gpu"]);
    let job = desk.wait_for(1, "succeeded");
    assert_eq!(worker_of(&job, "a"), "able");
}

#[test]
pub fn a_worker_ends_after_what_there_is_where_that_is_asked() {
    let desk = desk();
    let ids = [desk.post(&["quick"]), desk.post(&["quick"])];
    desk.says(&["work", "--once"]);
    for id in ids {
        assert_eq!(desk.job(id)["state"], "succeeded");
    }
}

#[test]
pub fn a_job_that_is_not_due_is_not_claimed() {
    let desk = desk();
    let id = desk.post(&["quick", "--at", "1h"]);
    desk.says(&["work", "--once"]);
    let job = desk.job(id);
    assert_eq!(job["state"], "waiting");
    assert!(
        job["why_waiting"][0]
            .as_str()
            .unwrap()
            .starts_with("it is due at "),
        "{job:#}"
    );
}

#[test]
pub fn the_directory_of_a_job_that_was_cancelled_while_it_waited_is_removed() {
    let desk = desk();
    let mut worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    worker.signal(Signal::SIGTERM);
    desk.place.write("go", "");
    assert_eq!(worker.wait_for_end(), Some(0));
    let directory = desk.place.path(&format!("run/jobs/{id}"));
    assert!(directory.exists(), "the job goes on in it");
    assert!(desk.asks(id, &["stop"]).status.success());
    let _next = desk.worker(&[]);
    assert!(eventually(|| !directory.exists()));
}
