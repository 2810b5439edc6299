//! What a person asks of a job, in each state.

use crate::desk::{Desk, journal};
use crate::support::{eventually, stderr, stdout};

fn desk() -> Desk {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        r#"
[worker]
slots = 2
[jobs.x]
steps = [
  {{ name = "first", command = ["true"], revert = {{ command = ["echo", "undone"] }} }},
  {{ name = "long", shell = 'while [ ! -e "{go}" ]; do sleep 0.05; done', revert = {{ command = ["true"] }} }},
  {{ name = "last", command = ["true"] }},
]
[jobs.sticky]
steps = [
  {{ name = "a", command = ["true"], revert = {{ shell = '[ -e "{go}" ]', retry = {{ times = 1 }} }} }},
  {{ name = "b", command = ["false"] }},
]
[jobs.fails]
steps = [
  {{ name = "a", shell = 'echo a >> runs' }},
  {{ name = "b", shell = '[ -e "{go}" ]' }},
]
"#
    ));
    desk
}

#[test]
pub fn stop_lets_the_step_finish_and_reverts() {
    let desk = desk();
    let _worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    assert!(stdout(&desk.asks(id, &["stop"])).starts_with("Asked: "));
    desk.place.write("go", "");
    let job = desk.wait_for(id, "cancelled");
    assert_eq!(
        journal(&job),
        [
            "first execute succeeded",
            "request stop",
            "long execute succeeded",
            "long revert succeeded",
            "first revert succeeded",
        ]
    );
}

#[test]
pub fn kill_ends_the_step_and_reverts() {
    let desk = desk();
    let _worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    desk.asks(id, &["kill"]);
    let job = desk.wait_for(id, "cancelled");
    assert_eq!(
        journal(&job)[1..],
        [
            "request kill",
            "long execute killed",
            "long revert succeeded",
            "first revert succeeded",
        ]
    );
}

#[test]
pub fn a_stop_without_reverts_leaves_what_was_done() {
    let desk = desk();
    let _worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    desk.asks(id, &["stop", "--no-revert"]);
    desk.place.write("go", "");
    let job = desk.wait_for(id, "cancelled");
    assert!(
        !journal(&job)
            .iter()
            .any(|line| line.contains("revert succeeded")),
        "{job:#}"
    );
}

#[test]
pub fn a_pause_holds_the_job_until_it_is_resumed() {
    let desk = desk();
    let _worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "long");
    desk.asks(id, &["pause"]);
    desk.place.write("go", "");
    desk.wait_for(id, "paused");
    assert!(stdout(&desk.asks(id, &["resume"])).contains("is waiting now"));
    let job = desk.wait_for(id, "succeeded");
    assert!(journal(&job).contains(&"last execute succeeded".to_owned()));
}

#[test]
pub fn a_job_that_waits_is_ended_at_once_and_one_that_is_over_says_so() {
    let desk = desk();
    let id = desk.post(&["x"]);
    assert!(stdout(&desk.asks(id, &["stop"])).contains("is cancelled now"));
    let refused = desk.asks(id, &["stop"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("is over: it was cancelled"),
        "{}",
        stderr(&refused)
    );
    let missing = desk.asks(99, &["stop"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
pub fn a_revert_that_fails_for_good_is_stuck_until_a_person_decides() {
    for (verb, state) in [
        (vec!["retry"], "reverted"),
        (vec!["skip", "a"], "reverted"),
        (vec!["cancel"], "cancelled"),
    ] {
        let desk = desk();
        let _worker = desk.worker(&[]);
        let id = desk.post(&["sticky"]);
        desk.wait_for(id, "stuck");
        let is_mailed = || desk.place.subjects().len() == 1;
        assert!(eventually(is_mailed), "{:?}", desk.place.subjects());
        desk.place.write("go", "");
        let asked = desk.asks(id, &verb);
        assert_eq!(asked.status.code(), Some(0), "{}", stderr(&asked));
        desk.wait_for(id, state);
    }
}

#[test]
pub fn a_failed_job_goes_on_where_it_failed_or_from_a_step() {
    let desk = desk();
    let _worker = desk.worker(&[]);
    let id = desk.post(&["fails"]);
    desk.wait_for(id, "failed");
    desk.place.write("go", "");
    assert_eq!(desk.asks(id, &["retry"]).status.code(), Some(0));
    let job = desk.wait_for(id, "succeeded");
    let runs = |job| {
        journal(job)
            .iter()
            .filter(|line| *line == "a execute succeeded")
            .count()
    };
    assert_eq!(runs(&job), 1);
    std::fs::remove_file(desk.place.path("go")).unwrap();
    let id = desk.post(&["fails"]);
    desk.wait_for(id, "failed");
    desk.place.write("go", "");
    assert_eq!(
        desk.asks(id, &["retry", "--from", "a"]).status.code(),
        Some(0)
    );
    assert_eq!(runs(&desk.wait_for(id, "succeeded")), 2);
}

#[test]
pub fn a_priority_is_changed_while_a_job_waits() {
    let desk = desk();
    let id = desk.post(&["x"]);
    assert_eq!(desk.asks(id, &["priority", "-2"]).status.code(), Some(0));
    assert_eq!(desk.job(id)["priority"], -2);
}
