//! Schedules: workers post by the clock, each slot once, whatever becomes of them.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::desk::Desk;
use crate::support::{Runner, eventually};

const TICK: &str = r#"
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
    fn schedule(&self, name: &str) -> Value {
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

    fn slots(&self) -> Vec<i64> {
        self.numbers("SELECT slot FROM job WHERE slot IS NOT NULL ORDER BY slot")
    }

    /// Returns whether the only schedule has been due for a second.
    fn is_overdue(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_millis()).unwrap();
        self.numbers("SELECT next FROM schedule")[0] < now - 1000
    }

    fn wait_for_more_slots(&self, more: usize) {
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
    // One that is stopped while it writes holds the lock of the file.
    let open = "SELECT count(*) FROM job WHERE state <> 4";
    assert!(eventually(|| desk.numbers(open)[0] == 0));
    stopped.signal(Signal::SIGSTOP);
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
    let shown = desk.says(&["schedules"]);
    assert!(
        shown.starts_with("nightly  report, every day at 03:00, Europe/Berlin\n"),
        "{shown}"
    );
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

#[test]
pub fn status_and_metrics_know_schedules() {
    let desk = Desk::with(TICK);
    let worker = desk.worker(&[]);
    desk.wait_for_more_slots(1);
    let status = desk.says(&["status"]);
    assert!(status.contains("schedule tick  next "), "{status}");
    let metrics = desk.says(&["metrics"]);
    let paused = |value: &str| format!("schedule=\"tick\"}} {value}");
    assert!(
        metrics.contains("board_schedule_next_timestamp_seconds{"),
        "{metrics}"
    );
    assert!(metrics.contains(&paused("0")), "{metrics}");
    assert_eq!(worker.stop(), Some(0));
    // A schedule that nothing fires is no silence.
    desk.refuses(&["status"], 3);
    desk.says(&["schedules", "pause", "tick", "--reason", "holidays"]);
    let data: Value = serde_json::from_str(&desk.says(&["status", "--json"])).unwrap();
    assert_eq!(data["board"]["schedules"][0]["paused"]["why"], "holidays");
    assert!(desk.says(&["metrics"]).contains(&paused("1")));
}

#[test]
pub fn an_old_file_does_not_bring_its_schedules_back() {
    let desk = Desk::with("");
    let at = |hour: u32| {
        format!(
            r#"
[jobs.report]
steps = [{{ name = "a", command = ["true"] }}]
[schedules.nightly]
job = "report"
cron = "0 {hour} * * *"
timezone = "UTC"
"#
        )
    };
    let says = |config: &str, line: &str| {
        desk.place.configure(config);
        let mut worker = desk.worker(&["--name", "w"]);
        worker.wait_for(line);
        worker.signal(Signal::SIGTERM);
        assert_eq!(worker.wait_for_end(), Some(0));
    };
    says(
        &at(3),
        "Schedule nightly is new: report, every day at 03:00, UTC",
    );
    says(
        &at(4),
        "Schedule nightly has changed: report, every day at 04:00, UTC; before: report, every day at 03:00, UTC",
    );
    says(&at(3), "The schedules of this file were replaced at");
    assert!(desk.says(&["schedules"]).contains("at 04:00"));
    let applied = desk.says(&["schedules", "apply"]);
    assert!(
        applied.contains("has changed: report, every day at 03:00"),
        "{applied}"
    );
    says(&at(4), "The schedules of this file were replaced at");
    assert!(desk.says(&["schedules"]).contains("at 03:00"));
    says("", "Schedule nightly is removed");
}

#[test]
pub fn failures_in_a_row_pause_a_schedule_which_is_mailed() {
    let desk = Desk::with(
        r#"
[jobs.broken]
steps = [{ name = "a", command = ["false"] }]
[schedules.broken]
job = "broken"
every = "1s"
pause_after = 2
"#,
    );
    let _worker = desk.worker(&[]);
    let is_paused = || !desk.schedule("broken")["paused"].is_null();
    assert!(eventually(is_paused), "{:#}", desk.schedule("broken"));
    assert_eq!(desk.slots().len(), 2);
    assert_eq!(
        desk.schedule("broken")["paused"]["why"],
        "2 jobs in a row have failed"
    );
    let subjects = || desk.place.subjects().join("\n");
    assert!(
        eventually(|| subjects().contains("schedules::broken")),
        "{}",
        subjects()
    );
    let mails = desk.place.mails().concat();
    assert!(mails.contains("schedules resume broken"), "{mails}");
}

#[test]
pub fn a_job_that_does_not_begin_in_time_is_mailed_with_the_reason() {
    let desk = Desk::with(
        r#"
[jobs.picky]
needs = ["gpu"]
steps = [{ name = "a", command = ["true"] }]
[schedules.picky]
job = "picky"
every = "1s"
late_after = "1s"
"#,
    );
    let worker = desk.worker(&[]);
    worker.wait_for("[schedule picky] Late: job 1 of");
    let subjects = || desk.place.subjects().join("\n");
    assert!(
        eventually(|| subjects().contains("schedules::picky")),
        "{}",
        subjects()
    );
    let mails = desk.place.mails().concat();
    assert!(mails.contains("gpu"), "{mails}");
}

#[test]
pub fn check_foretells_the_next_times_and_refuses_what_never_comes() {
    let desk = Desk::with("");
    let with = |schedule: &str| {
        desk.place.configure(&format!(
            r#"
[jobs.report]
args.days = {{ type = "integer", default = 7 }}
steps = [{{ name = "a", command = ["true"] }}]
[schedules.nightly]
job = "report"
{schedule}
"#
        ));
    };
    with("cron = \"0 3 * * *\"\ntimezone = \"Europe/Berlin\"");
    let checked = desk.says(&["check"]);
    assert!(
        checked.contains("nightly: report {\"days\":7}, every day at 03:00, Europe/Berlin"),
        "{checked}"
    );
    assert!(checked.contains("03:00 CE"), "{checked}");
    let cases = [
        (
            "cron = \"0 3 30 2 *\"",
            "can never run: no month has that day",
        ),
        (
            "cron = \"0 3 * * *\"\nexclude = [{ days = \"mon-sun\" }]",
            "can never run: all its times are excluded",
        ),
        ("cron = \"0 24 * * *\"", "`24` is no hour"),
        ("cron = \"0 0 3 * * *\"", "has five fields, not 6"),
        ("", "has no time"),
        ("cron = \"0 3 * * *\"\nevery = \"1h\"", "exclude each other"),
        ("every = \"10ms\"", "less than a second"),
        (
            "cron = \"0 3 * * *\"\nfirst = \"2026-12-01 03:00\"",
            "`first` has no effect",
        ),
        ("every = \"1h\"\nfirst = \"noon\"", "`first` is no time"),
        (
            "cron = \"0 3 * * *\"\ntimezone = \"Europe/Berlim\"",
            "did you mean `Europe/Berlin`?",
        ),
        ("cron = \"0 3 * * *\"\nargs = { days = \"x\" }", "days"),
        (
            "cron = \"0 3 * * *\"\nexclude = [{ from = \"7\" }]",
            "`7` is no time of day",
        ),
        ("cron = \"0 3 * * *\"\nexclude = [{}]", "has no time"),
        (
            "cron = \"0 3 * * *\"\nexclude = [{ days = \"funday\" }]",
            "is no day of the week",
        ),
        ("corn = \"0 3 * * *\"", "did you mean `cron`?"),
    ];
    for (schedule, expected) in cases {
        with(schedule);
        let refused = desk.refuses(&["check"], 78);
        assert!(refused.contains(expected), "{schedule}: {refused}");
    }
}

#[test]
pub fn a_crontab_becomes_jobs_with_schedules() {
    let desk = Desk::with("");
    desk.place.write(
        "crontab",
        "CRON_TZ=Europe/Berlin\n30 2 * * 1-5 echo \"{a}\" > out.txt\n*/5 * * * * for i in 1 2; do echo ${i}; done\n@daily true\n",
    );
    let toml = desk.says(&[
        "import",
        "crontab",
        "--jobs",
        "--user",
        &desk.place.path("crontab").display().to_string(),
    ]);
    assert!(
        toml.contains("cron = \"30 2 * * 1-5\"\ntimezone = \"Europe/Berlin\""),
        "{toml}"
    );
    assert!(toml.contains("A chain may be the better home"), "{toml}");
    let head = format!(
        "run_root = {:?}\n",
        desk.place.path("run").display().to_string()
    );
    desk.place
        .configure(&toml.replacen("\n[", &format!("\n{head}\n["), 1));
    let checked = desk.says(&["check"]);
    assert!(
        checked.contains("on Mon to Fri at 02:30, Europe/Berlin"),
        "{checked}"
    );
    assert!(
        checked.contains("every 5 minutes") && checked.contains("every day at 00:00"),
        "{checked}"
    );
}

#[test]
pub fn a_far_time_has_its_year_and_a_first_time_beyond_the_calendar_is_an_error() {
    let far = TICK.replace(
        "every = \"1s\"",
        "every = \"1h\"\nfirst = \"9000-01-01 00:00\"",
    );
    let desk = Desk::with(&far);
    desk.says(&["schedules", "apply"]);
    let shown = desk.says(&["schedules"]);
    assert!(shown.contains("01 Jan 9000"), "{shown}");
    desk.place
        .write("run_functions.toml", TICK.replace("1s", "99999y"));
    let told = desk.refuses(&["schedules", "apply"], 78);
    assert!(
        told.contains("its first time is beyond the year 9999"),
        "{told}"
    );
}
