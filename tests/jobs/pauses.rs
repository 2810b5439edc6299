//! Pauses of definitions, of projects and of workers.

use crate::desk::Desk;
use crate::support::eventually;

const CONFIG: &str = r#"
[jobs.report]
project = "shop"
steps = [{ name = "write", command = ["true"] }]
[jobs.other]
steps = [{ name = "write", command = ["true"] }]
"#;

fn why(desk: &Desk, id: u64) -> String {
    desk.job(id)["why_waiting"][0].as_str().unwrap().to_owned()
}

#[test]
pub fn nothing_of_a_paused_job_is_claimed_but_what_is_wanted_now() {
    let desk = Desk::with(CONFIG);
    let _worker = desk.worker(&[]);
    let told = desk.says(&["jobs", "pause", "report"]);
    assert!(told.starts_with("Paused `report`"), "{told}");
    let slip = desk.refuses(&["jobs", "pause", "reprot"], 2);
    assert!(slip.contains("did you mean `report`?"), "{slip}");
    let paused = desk.post(&["report"]);
    let other = desk.post(&["other"]);
    desk.wait_for(other, "succeeded");
    assert!(
        why(&desk, paused).starts_with("`report` is paused by "),
        "{}",
        why(&desk, paused)
    );
    assert!(desk.says(&["jobs"]).starts_with("Paused: `report` by "));
    let now = desk.post(&["report", "--now"]);
    desk.wait_for(now, "succeeded");
    assert_eq!(desk.job(paused)["state"], "waiting");
    assert_eq!(
        desk.says(&["jobs", "resume", "report"]),
        "Resumed `report`\n"
    );
    desk.wait_for(paused, "succeeded");
    assert_eq!(
        desk.says(&["jobs", "resume", "report"]),
        "`report` is not paused\n"
    );
}

#[test]
pub fn a_project_is_paused_with_all_its_jobs() {
    let desk = Desk::with(CONFIG);
    let _worker = desk.worker(&[]);
    desk.says(&["jobs", "pause", "--project", "shop"]);
    let paused = desk.post(&["report"]);
    let other = desk.post(&["other"]);
    desk.wait_for(other, "succeeded");
    assert!(why(&desk, paused).starts_with("project `shop` is paused by "));
    desk.says(&["jobs", "resume", "--project", "shop"]);
    desk.wait_for(paused, "succeeded");
}

#[test]
pub fn a_worker_that_was_sent_to_sleep_sleeps_after_a_start_too() {
    let desk = Desk::with(CONFIG);
    let worker = desk.worker(&["--name", "a"]);
    desk.says(&["workers", "sleep", "a"]);
    assert_eq!(worker.stop(), Some(0));
    let _again = desk.worker(&["--name", "a"]);
    let id = desk.post(&["report"]);
    let sleeps = || why(&desk, id).contains("sleep or leave: a (worker `a` is paused by ");
    assert!(eventually(sleeps), "{}", why(&desk, id));
    desk.says(&["workers", "wake", "a"]);
    desk.wait_for(id, "succeeded");
}
