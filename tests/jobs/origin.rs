//! Defects of the predecessors, each a test.

use nix::sys::signal::Signal;

use crate::desk::{Desk, is_exact, journal};
use crate::support::{eventually, processes::is_alive};

/// Their failed flow disappeared from the board.
#[test]
pub fn a_failed_job_stays_on_the_board() {
    let desk = Desk::with("[jobs.x]\nsteps = [{ name = \"a\", command = [\"false\"] }]");
    desk.post(&["x"]);
    desk.refuses(&["work", "--once"], 1);
    assert!(desk.says(&["jobs"]).contains("failed"));
    assert!(desk.says(&["job", "1"]).contains("exit 1"));
}

/// Their `show` went blank while a job was unclaimed.
#[test]
pub fn a_job_that_nothing_has_claimed_is_shown() {
    let desk = Desk::with("[jobs.x]\nsteps = [{ name = \"a\", command = [\"false\"] }]");
    desk.post(&["x"]);
    let told = desk.says(&["job", "1"]);
    assert!(
        told.contains("Job 1 (x) is waiting") && told.contains("It waits: no worker runs"),
        "{told}"
    );
}

/// Their retries were counted one off.
#[test]
pub fn three_tries_are_three_executions() {
    let desk = Desk::with(
        "[jobs.x]\nsteps = [{ name = \"a\", command = [\"false\"], retry = { times = 3, every = \"1ms\" } }]",
    );
    desk.post(&["x"]);
    desk.refuses(&["work", "--once"], 1);
    let job = desk.job(1);
    let tries = journal(&job)
        .iter()
        .filter(|line| *line == "a execute failed")
        .count();
    assert_eq!(tries, 3, "{job:#}");
}

/// Their arguments with blanks were split.
#[test]
pub fn an_argument_with_blanks_is_one() {
    let desk = Desk::with(
        "[jobs.x]\nargs.a = { help = \"x\" }\nsteps = [{ name = \"a\", command = [\"printf\", \"<%s>\", \"{args.a}\"] }]",
    );
    desk.post(&["x", "--a", "one two  three"]);
    desk.says(&["work", "--once"]);
    assert_eq!(desk.says(&["job", "1", "output"]), "<one two  three>");
}

/// Their crashed worker's children lived on beside the second run; their leftovers blocked a worker for good.
#[test]
pub fn what_a_killed_worker_has_left_is_ended_before_the_job_goes_on() {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        r#"
[jobs.x]
steps = [{{ name = "a", shell = 'setsid sh -c "echo \$\$ >> pids; exec sleep 1000" & while [ ! -e "{go}" ]; do sleep 0.05; done', leak = "kill" }}]
"#
    ));
    let mut first = desk.worker(&["--name", "one"]);
    let id = desk.post(&["x"]);
    let pids = || -> Vec<i32> {
        let text = std::fs::read_to_string(desk.place.path(&format!("run/jobs/{id}/pids")));
        text.unwrap_or_default()
            .lines()
            .flat_map(str::parse)
            .collect()
    };
    assert!(eventually(|| pids().len() == 1));
    let left = pids()[0];
    let _second = desk.worker(&["--name", "two"]);
    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    assert!(eventually(|| pids().len() == 2));
    assert!(
        !is_alive(left),
        "what the first run has left lives on beside the second"
    );
    desk.place.write("go", "");
    is_exact(&desk.wait_for(id, "succeeded"));
}

/// Two of their workers claimed one run.
#[test]
pub fn a_job_is_claimed_by_one_of_many_workers() {
    let desk = Desk::with(
        "[worker]\nslots = 4\n[jobs.x]\nsteps = [{ name = \"a\", command = [\"true\"] }]",
    );
    let workers: Vec<_> = ["one", "two", "three"]
        .map(|name| desk.worker(&["--name", name]))
        .into();
    let ids: Vec<u64> = (0..30).map(|_| desk.post(&["x"])).collect();
    for id in ids {
        let job = desk.wait_for(id, "succeeded");
        assert_eq!(journal(&job), ["a execute succeeded"]);
    }
    let claimed: usize = workers.iter().map(|worker| worker.count("Claimed")).sum();
    assert_eq!(claimed, 30);
}

/// Their saturated conductor stopped refreshing, and the job ran twice.
#[test]
pub fn a_saturated_worker_keeps_its_jobs() {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        "[worker]\nslots = 2\n[jobs.x]\nlease = \"5s\"\nsteps = [{{ name = \"a\", shell = 'while [ ! -e \"{go}\" ]; do sleep 0.05; done' }}]"
    ));
    let busy = desk.worker(&["--name", "busy"]);
    let ids = [desk.post(&["x"]), desk.post(&["x"])];
    ids.iter().for_each(|id| desk.wait_for_step(*id, "a"));
    let idle = desk.worker(&["--name", "idle"]);
    // More than a lease, counted by the beats that the board has seen, four in each.
    let beat = || -> u64 {
        let list: serde_json::Value =
            serde_json::from_str(&desk.says(&["workers", "--json"])).unwrap();
        let all = list.as_array().unwrap();
        all.iter().find(|worker| worker["name"] == "busy").unwrap()["beat"]
            .as_u64()
            .unwrap()
    };
    let first = beat();
    assert!(eventually(|| beat() >= first + 6));
    desk.place.write("go", "");
    for id in ids {
        assert_eq!(
            journal(&desk.wait_for(id, "succeeded")),
            ["a execute succeeded"]
        );
    }
    assert_eq!((busy.count("Claimed"), idle.count("Claimed")), (2, 0));
}

/// Their leftover process blocked a worker for good. Here it is one that belongs to nothing of ours, and is left alone.
#[test]
pub fn what_cannot_be_ended_of_a_dead_worker_delays_its_job_by_the_lease_alone() {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        "[worker]\nslots = 1\n[jobs.x]\nlease = \"5s\"\nsteps = [{{ name = \"a\", shell = 'while [ ! -e \"{go}\" ]; do sleep 0.05; done' }}]"
    ));
    let mut first = desk.worker(&["--name", "one"]);
    let lock = desk.place.path("run/workers/worker-1-0.task");
    assert!(eventually(|| lock.exists()));
    // It holds the lock by which a later worker finds what a step has left, and is older than the step.
    let script = "exec 9<run/workers/worker-1-0.task && flock -s 9 && : > held && exec sleep 1000";
    let mut stranger = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(desk.place.dir())
        .spawn()
        .unwrap();
    assert!(eventually(|| desk.place.path("held").exists()));
    let uptime = || std::fs::read_to_string("/proc/uptime").unwrap();
    let then = uptime();
    assert!(eventually(|| uptime() != then));
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "a");
    let second = desk.worker(&["--name", "two"]);
    first.signal(Signal::SIGKILL);
    first.wait_for_status();
    second.wait_for("wait for their leases");
    second.wait_for("Claimed, and goes on");
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "the stranger was ended"
    );
    desk.place.write("go", "");
    is_exact(&desk.wait_for(id, "succeeded"));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}
