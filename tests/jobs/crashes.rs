//! What a crash leaves, and who goes on.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::desk::{Desk, is_exact, journal};
use crate::support::{Runner, eventually, processes::is_alive};

const LONG: &str = r#"
[worker]
slots = 2
[jobs.long]
lease = "5s"
steps = [
  { name = "first", command = ["true"], revert = { command = ["true"] } },
  { name = "long", shell = 'echo $$ >> pids; while [ ! -e "$OLDPWD_FILE" ]; do sleep 0.05; done', env = { OLDPWD_FILE = "GO" } },
  { name = "last", command = ["true"] },
]
"#;

fn desk() -> Desk {
    let desk = Desk::with("");
    let go = desk.place.path("go");
    desk.place
        .configure(&LONG.replace("GO", &go.display().to_string()));
    desk
}

/// Returns the process of the step that waits.
fn pid_of_step(desk: &Desk, id: u64, nth: usize) -> i32 {
    let path = format!("run/jobs/{id}/pids");
    let read = || {
        let text = std::fs::read_to_string(desk.place.path(&path)).ok()?;
        text.lines().nth(nth)?.parse().ok()
    };
    assert!(eventually(|| read().is_some()));
    read().unwrap()
}

/// Stops a worker that is not in the middle of a transaction: in one, its lock of the file would keep all others from writing.
pub fn stop_between_writes(desk: &Desk, worker: &Runner, job: &str) {
    let is_free = || {
        worker.signal(Signal::SIGSTOP);
        let posted = desk.place.run(&["post", job, "--at", "1day"]);
        let is_free = posted.status.success();
        if !is_free {
            worker.signal(Signal::SIGCONT);
        }
        is_free
    };
    assert!(eventually(is_free));
}

fn fences(job: &Value) -> Vec<u64> {
    let entries = job["journal"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["fence"].as_u64().unwrap_or(0))
        .collect()
}

#[test]
pub fn another_worker_goes_on_at_the_step_where_a_killed_one_was() {
    let desk = desk();
    let mut first = desk.worker(&["--name", "one"]);
    let id = desk.post(&["long"]);
    let step = pid_of_step(&desk, id, 0);
    let _second = desk.worker(&["--name", "two"]);
    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    assert!(
        eventually(|| !is_alive(step)),
        "the step outlives its worker"
    );
    pid_of_step(&desk, id, 1);
    desk.place.write("go", "");
    let job = desk.wait_for(id, "succeeded");
    assert_eq!(
        journal(&job),
        [
            "first execute succeeded",
            "long execute interrupted",
            "long execute succeeded",
            "last execute succeeded",
        ]
    );
    is_exact(&job);
    assert_eq!(
        job["crashes"], 0,
        "what went on is no crash in a row any more"
    );
}

#[test]
pub fn a_worker_that_is_started_again_under_the_same_name_goes_on_with_its_job() {
    let desk = desk();
    let mut first = desk.worker(&["--name", "one"]);
    let id = desk.post(&["long"]);
    pid_of_step(&desk, id, 0);
    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    let _again = desk.worker(&["--name", "one"]);
    pid_of_step(&desk, id, 1);
    desk.place.write("go", "");
    is_exact(&desk.wait_for(id, "succeeded"));
}

/// Report 1: the worker is stopped in a step, another one takes over, and the first one wakes.
#[test]
pub fn a_stopped_worker_loses_its_job_with_its_lease_and_its_late_report_changes_nothing() {
    let desk = desk();
    let first = desk.worker(&["--name", "one"]);
    let id = desk.post(&["long"]);
    let step = pid_of_step(&desk, id, 0);
    let _second = desk.worker(&["--name", "two"]);
    stop_between_writes(&desk, &first, "long");
    assert!(
        eventually(|| !is_alive(step)),
        "the keeper ends the step at the deadline"
    );
    pid_of_step(&desk, id, 1);
    desk.place.write("go", "");
    let before = desk.wait_for(id, "succeeded");
    first.signal(Signal::SIGCONT);
    first.wait_for("The board has taken this worker off");
    first.wait_for_count("is on the board", 2);
    let after = desk.job(id);
    assert_eq!(after["journal"], before["journal"]);
    is_exact(&after);
    assert!(fences(&after).is_sorted());
    let next = desk.post(&["long"]);
    desk.wait_for(next, "succeeded");
}

#[test]
pub fn a_job_whose_workers_die_again_and_again_at_one_step_is_stuck_and_says_so() {
    let desk = Desk::with(
        r#"
[jobs.deadly]
max_crashes = 2
steps = [{ name = "kills", shell = 'kill -9 $(cat "$WORKER"); sleep 1000', env = { WORKER = "PIDFILE" } }]
"#,
    );
    let pidfile = desk.place.path("worker.pid");
    let config = desk.place.read("run_functions.toml");
    desk.place.replace(
        "run_functions.toml",
        config.replace("PIDFILE", &pidfile.display().to_string()),
    );
    desk.place.set_mode("run_functions.toml", 0o600);
    let id = desk.post(&["deadly"]);
    for _ in 0..2 {
        let mut worker = desk.worker(&[]);
        desk.place.replace("worker.pid", worker.pid().to_string());
        worker.wait_for_status();
    }
    let _worker = desk.worker(&["--name", "other"]);
    let job = desk.wait_for(id, "stuck");
    assert_eq!(
        journal(&job),
        ["kills execute interrupted", "kills execute interrupted"]
    );
    let told = desk.says(&["job", &id.to_string()]);
    assert!(told.contains("To go on:"), "{told}");
}

#[test]
pub fn an_interrupted_step_is_treated_as_it_says() {
    for (how, outcome) in [
        ("again", "succeeded"),
        ("hold", "stuck"),
        ("check", "succeeded"),
    ] {
        let desk = Desk::with("");
        let go = desk.place.path("go").display().to_string();
        desk.place.configure(&format!(
            r#"
[jobs.x]
steps = [{{ name = "long", shell = 'echo $$ >> pids; while [ ! -e "{go}" ]; do sleep 0.05; done', interrupted = "{how}"{} }}]
"#,
            if how == "check" { ", check = [\"true\"]" } else { "" }
        ));
        let mut first = desk.worker(&["--name", "one"]);
        let id = desk.post(&["x"]);
        pid_of_step(&desk, id, 0);
        first.signal(Signal::SIGKILL);
        first.wait_for_status();
        let _second = desk.worker(&["--name", "two"]);
        if how == "again" {
            pid_of_step(&desk, id, 1);
        }
        desk.place.write("go", "");
        let job = desk.wait_for(id, outcome);
        let wanted = match how {
            "again" => vec!["long execute interrupted", "long execute succeeded"],
            "hold" => vec!["long execute interrupted"],
            _ => vec!["long execute interrupted", "long check succeeded"],
        };
        assert_eq!(journal(&job), wanted, "{how}");
    }
}

/// A torture of some seconds: two workers, one of them killed again and again.
#[test]
pub fn nothing_is_lost_or_doubled_while_workers_are_killed() {
    let desk = Desk::with("");
    let effects = desk.place.path("effects");
    std::fs::create_dir(&effects).unwrap();
    desk.place.configure(&format!(
        r#"
[worker]
slots = 4
[jobs.x]
lease = "5s"
max_crashes = 100
steps = [
  {{ name = "a", shell = 'sleep 0.05; echo "$RUN_FUNCTIONS_FENCE" >> "{0}/$JOB_ID.a"' }},
  {{ name = "b", shell = 'sleep 0.05; echo "$RUN_FUNCTIONS_FENCE" >> "{0}/$JOB_ID.b"' }},
]
"#,
        effects.display()
    ));
    let _steady = desk.worker(&["--name", "steady"]);
    let ids: Vec<u64> = (0..24).map(|_| desk.post(&["x"])).collect();
    for _ in 0..4 {
        let mut victim = desk.worker(&["--name", "victim"]);
        let _ =
            eventually(|| victim.count("Claimed") > 0 || desk.job(ids[23])["state"] == "succeeded");
        kill(Pid::from_raw(victim.pid().cast_signed()), Signal::SIGKILL).unwrap();
        victim.wait_for_status();
    }
    for id in ids {
        let job = desk.wait_for(id, "succeeded");
        is_exact(&job);
        let done = journal(&job);
        for step in ["a", "b"] {
            let ends = done
                .iter()
                .filter(|line| **line == format!("{step} execute succeeded"));
            assert_eq!(ends.count(), 1, "{job:#}");
            let cut = done
                .iter()
                .filter(|line| **line == format!("{step} execute interrupted"));
            let effects = std::fs::read_to_string(effects.join(format!("{id}.{step}"))).unwrap();
            // An effect happened once for each attempt that ended, or was cut off.
            let count = effects.lines().count();
            assert!(count >= 1 && count <= 1 + cut.count(), "{effects} {job:#}");
        }
    }
}

#[test]
pub fn a_single_pass_does_what_a_killed_worker_has_left() {
    let desk = desk();
    let mut first = desk.worker(&["--name", "one"]);
    let id = desk.post(&["long"]);
    pid_of_step(&desk, id, 0);
    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    desk.place.write("go", "");
    desk.says(&["work", "--once", "--name", "two"]);
    is_exact(&desk.job(id));
    assert_eq!(desk.job(id)["state"], "succeeded");
}
