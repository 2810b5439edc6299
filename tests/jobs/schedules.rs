//! Schedules: workers post by the clock, each slot once, whatever becomes of them.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::crashes::stop_between_writes;
use crate::desk::Desk;
use crate::support::{Runner, eventually};

pub(super) const TICK: &str = r#"
[worker]
slots = 2
[jobs.tick]
overlap = "allow"
steps = [{ name = "a", command = ["true"] }]
[schedules.tick]
job = "tick"
every = "1s"
"#;

impl Desk {
    /// Returns a schedule as data, once a worker has brought it to the board.
    pub(super) fn schedule(&self, name: &str) -> Value {
        let args = ["schedules", name, "--json"];
        assert!(eventually(|| self.place.run(&args).status.success()));
        serde_json::from_str(&self.says(&args)).unwrap()
    }

    /// Returns what a statement finds, a number in each row.
    fn numbers(&self, sql: &str) -> Vec<i64> {
        let printed = self.says(&["board", "query", "--json", sql]);
        let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&printed).unwrap();
        let number = |row: &serde_json::Map<String, Value>| row.values().next()?.as_i64();
        rows.iter().map(|row| number(row).unwrap_or(-1)).collect()
    }

    pub(super) fn slots(&self) -> Vec<i64> {
        self.numbers("SELECT slot FROM job WHERE slot IS NOT NULL ORDER BY slot")
    }

    /// Returns whether the only schedule has been due for a second.
    fn is_overdue(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_millis()).unwrap();
        self.numbers("SELECT next FROM schedule")[0] < now - 1000
    }

    pub(super) fn wait_for_more_slots(&self, more: usize) {
        let wanted = self.slots().len() + more;
        assert!(
            eventually(|| self.slots().len() >= wanted),
            "{:?}",
            self.slots()
        );
    }
}

#[test]
pub fn a_worker_posts_and_runs_by_the_clock() {
    let desk = Desk::with(TICK);
    assert!(desk.says(&["schedules"]).contains("Not on the board yet"));
    let worker = desk.worker(&[]);
    worker.wait_for("Schedule tick is new: tick, every 1s");
    let ended = "SELECT count(*) FROM job WHERE state = 4";
    assert!(eventually(|| desk.numbers(ended)[0] >= 2));
    let schedule = desk.schedule("tick");
    assert_eq!(
        (&schedule["in_words"], &schedule["job"]),
        (&"tick, every 1s".into(), &"tick".into())
    );
    assert!(schedule["posted"].as_u64().unwrap() >= 2, "{schedule:#}");
    assert_eq!(schedule["next"].as_array().unwrap().len(), 3);
    let shown = desk.says(&["schedules", "tick"]);
    assert!(
        shown.contains("succeeded") && shown.contains("next"),
        "{shown}"
    );
    // Each job begins at its slot, not at the next look.
    let late = "SELECT min(posted - slot) FROM job WHERE slot IS NOT NULL";
    assert!(desk.numbers(late)[0] < 500, "{:?}", desk.numbers(late));
}

/// Asserts that no slot came twice, and that none is forgotten.
fn assert_each_once(desk: &Desk) {
    let slots = desk.slots();
    let missed = desk.numbers("SELECT missed FROM schedule")[0];
    assert!(
        slots.is_sorted_by(|one, next| one < next),
        "a slot came twice: {slots:?}"
    );
    let span = (slots.last().unwrap() - slots[0]) / 1000 + 1;
    let posted = i64::try_from(slots.len()).unwrap();
    assert!(
        posted + missed >= span,
        "{missed} missed of {span}: {slots:?}"
    );
}

#[test]
pub fn each_slot_is_posted_once_though_workers_are_killed_and_stopped() {
    let desk = Desk::with(TICK);
    let killed = desk.worker(&["--name", "killed"]);
    let stopped = desk.worker(&["--name", "stopped"]);
    let _other = desk.worker(&["--name", "other"]);
    desk.wait_for_more_slots(2);
    killed.signal(Signal::SIGKILL);
    desk.wait_for_more_slots(2);
    stop_between_writes(&desk, &stopped, "tick");
    desk.wait_for_more_slots(2);
    stopped.signal(Signal::SIGCONT);
    desk.wait_for_more_slots(2);
    assert_each_once(&desk);
}

#[test]
pub fn a_slot_whose_insert_fails_is_posted_later() {
    let desk = Desk::with(TICK);
    let full = desk.place.path("full");
    let fault = format!("errno 28 board.sqlite {}", full.display());
    let mut command = desk.command(&["work"]);
    command.env("TEST_RUN_FUNCTIONS_WRITES", fault);
    let worker = Runner::start(command);
    worker.wait_for("is on the board");
    desk.wait_for_more_slots(2);
    desk.place.write("full", "");
    worker.wait_for("it is tried again");
    let before = desk.slots();
    assert!(eventually(|| desk.is_overdue()));
    assert_eq!(desk.slots(), before, "what was refused has moved no slot");
    std::fs::remove_file(full).unwrap();
    worker.wait_for("The board answers again");
    desk.wait_for_more_slots(2);
    assert_each_once(&desk);
}

#[test]
pub fn a_worker_that_dies_at_a_write_loses_and_doubles_no_slot() {
    let desk = Desk::with(TICK);
    drop(desk.worker(&["--name", "first"]));
    for number in [5, 8, 11, 14, 17] {
        let mut command = desk.command(&["work", "--name", "dies"]);
        command.env("TEST_RUN_FUNCTIONS_WRITES", format!("kill {number}"));
        let mut worker = Runner::start(command);
        assert_eq!(worker.wait_for_end(), None, "{}", worker.log());
    }
    let _last = desk.worker(&["--name", "last"]);
    desk.wait_for_more_slots(1);
    assert_each_once(&desk);
}

/// The clock of the worker alone is moved: by an hour, by a day, and back.
#[test]
#[ignore = "needs faketime"]
fn a_clock_that_is_moved_makes_up_once_and_then_goes_on() {
    const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    let config = TICK.replace("every = \"1s\"", "cron = \"* * * * *\"\ntimezone = \"UTC\"");
    // Nothing runs the jobs: steps under libfaketime are another matter.
    let config = config.replace("[jobs.tick]", "[jobs.tick]\nneeds = [\"gpu\"]");
    let desk = Desk::with(&config);
    let offset = |text: &str| {
        // Never half written.
        desk.place.write("next", text);
        std::fs::rename(desk.place.path("next"), desk.place.path("offset")).unwrap();
    };
    offset("+0\n");
    let mut command = desk.command(&["work"]);
    command
        .env("LD_PRELOAD", LIBRARY)
        .env("FAKETIME_TIMESTAMP_FILE", desk.place.path("offset"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let worker = Runner::start(command);
    worker.wait_for("Schedule tick is new");
    let missed = || desk.numbers("SELECT missed FROM schedule")[0];
    let mut posted = desk.slots().len();
    for (moved, at_least) in [("+1h\n", 50), ("+1d\n", 1000)] {
        offset(moved);
        // One job for all; a minute may begin meanwhile.
        assert!(
            eventually(|| missed() >= at_least),
            "{moved}: {}",
            worker.log()
        );
        let now = desk.slots().len();
        assert!(
            (posted + 1..=posted + 2).contains(&now),
            "{moved}: {:?}",
            desk.slots()
        );
        posted = now;
    }
    offset("+0\n");
    let is_near = "SELECT abs(next - unixepoch() * 1000) < 120000 FROM schedule";
    assert!(
        eventually(|| desk.numbers(is_near)[0] == 1),
        "{}",
        worker.log()
    );
    let slots = desk.slots();
    assert!(slots.is_sorted_by(|one, next| one < next), "{slots:?}");
}

#[test]
pub fn a_slot_waits_for_the_job_before() {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    let config = |overlap: &str| {
        format!(
            r#"
[jobs.long]
overlap = "{overlap}"
steps = [{{ name = "a", shell = 'while [ ! -e "{go}" ]; do sleep 0.05; done' }}]
[schedules.long]
job = "long"
every = "1s"
"#
        )
    };
    desk.place.configure(&config("wait"));
    let worker = desk.worker(&["--slots", "4"]);
    desk.wait_for_more_slots(1);
    // Another look comes after the next slot.
    assert!(eventually(|| desk.is_overdue()));
    assert_eq!(desk.slots().len(), 1);
    desk.place.write("go", "");
    desk.wait_for_more_slots(1);
    let missed = desk.schedule("long")["missed"].as_u64().unwrap();
    assert!(
        missed >= 1,
        "of the slots that waited one was posted: {missed}"
    );
    drop(worker);
}

#[test]
pub fn a_person_pauses_resumes_and_runs() {
    let desk = Desk::with(
        r#"
[jobs.report]
steps = [{ name = "a", command = ["true"] }]
[schedules.nightly]
job = "report"
cron = "0 3 * * *"
timezone = "Europe/Berlin"
"#,
    );
    let refused = desk.refuses(&["schedules", "pause", "nightly"], 2);
    assert!(
        refused.contains("`run_functions work` brings it")
            || refused.contains("brings it to the board"),
        "{refused}"
    );
    let _worker = desk.worker(&[]);
    // A worker brings its schedules a moment after it has joined.
    let first = "nightly  report, every day at 03:00, Europe/Berlin\n";
    let is_there = || desk.says(&["schedules"]).starts_with(first);
    assert!(eventually(is_there), "{}", desk.says(&["schedules"]));
    let shown = desk.says(&["schedules"]);
    assert!(shown.contains("03:00 CE"), "{shown}");
    let refused = desk.refuses(&["schedules", "pause", "nigthly"], 2);
    assert!(refused.contains("did you mean `nightly`?"), "{refused}");
    let paused = desk.says(&["schedules", "pause", "nightly", "--reason", "the move"]);
    assert_eq!(paused, "nightly is paused\n");
    let shown = desk.says(&["schedules"]);
    assert!(
        shown.contains("paused") && shown.contains(": the move"),
        "{shown}"
    );
    assert_eq!(desk.schedule("nightly")["paused"]["why"], "the move");
    let next = desk.schedule("nightly")["next"].clone();
    assert!(
        desk.says(&["schedules", "run", "nightly"])
            .starts_with("Posted job 1 (report)")
    );
    desk.wait_for(1, "succeeded");
    assert_eq!(desk.schedule("nightly")["next"], next);
    assert_eq!(desk.schedule("nightly")["jobs"][0]["state"], "succeeded");
    let resumed = desk.says(&["schedules", "resume", "nightly"]);
    assert!(resumed.starts_with("nightly goes on: "), "{resumed}");
}

/// A schedule posts what its definition makes of a job: limits, jobs that come after, one for each
/// worker. So does a person who runs it, with or without the jobs that come after.
#[test]
pub fn a_schedule_posts_with_the_limit_and_the_children_of_its_job() {
    let desk = Desk::with(
        r#"
[jobs.count]
limit = 1
overlap = "allow"
then = ["report"]
steps = [{ name = "a", command = ["true"] }]
[jobs.report]
steps = [{ name = "a", command = ["true"] }]
[jobs.clean]
every_worker = true
overlap = "allow"
steps = [{ name = "a", command = ["true"] }]
[schedules.count]
job = "count"
every = "1s"
[schedules.clean]
job = "clean"
every = "1s"
"#,
    );
    let first = desk.worker(&["--name", "one"]);
    let second = desk.worker(&["--name", "two"]);
    let done = |name: &str| {
        let sql = format!("SELECT count(*) FROM job WHERE definition = '{name}' AND state = 4");
        desk.numbers(&sql)[0]
    };
    assert!(eventually(|| done("report") >= 2));
    let keys = "SELECT count(*) FROM job WHERE definition = 'count' AND limit_key IS NULL";
    assert_eq!(desk.numbers(keys), [0], "each job is behind the limit");
    let of_each = "SELECT count(DISTINCT for_worker) FROM job WHERE definition = 'clean'";
    assert!(eventually(|| desk.numbers(of_each) == [2]));
    let slots = "SELECT count(*) FROM job WHERE definition = 'clean' AND slot IS NULL";
    assert_eq!(desk.numbers(slots), [0]);
    for name in ["count", "clean"] {
        desk.says(&["schedules", "pause", name]);
    }
    let is_quiet = "SELECT count(*) FROM job WHERE state < 4";
    assert!(eventually(|| desk.numbers(is_quiet) == [0]));
    let before = done("report");
    desk.says(&["schedules", "run", "count", "--no-children"]);
    let counts = done("count");
    assert!(eventually(
        || desk.numbers(is_quiet) == [0] && done("count") >= counts
    ));
    desk.says(&["schedules", "run", "count"]);
    assert!(eventually(|| done("report") == before + 1));
    assert_eq!((first.stop(), second.stop()), (Some(0), Some(0)));
}

/// Returns how often a process has waited so far.
fn waits_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

#[test]
pub fn a_draining_worker_leaves_slots_to_others_and_does_not_wake_for_them() {
    let long = r#"
[jobs.long]
steps = [{ name = "a", command = ["sleep", "60"] }]
"#;
    let desk = Desk::with(&format!("{TICK}{long}"));
    let draining = desk.worker(&["--name", "draining"]);
    let id = desk.post(&["long"]);
    desk.wait_for_step(id, "a");
    let _other = desk.worker(&["--name", "other"]);
    draining.signal(Signal::SIGTERM);
    desk.wait_for_more_slots(1);
    let before = waits_of(draining.pid());
    desk.wait_for_more_slots(3);
    let waits = waits_of(draining.pid()) - before;
    assert!(waits < 300, "{waits} times in three slots");
}
