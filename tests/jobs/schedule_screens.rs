//! What commands, files and mails show of schedules.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::schedules::TICK;
use crate::desk::Desk;
use crate::support::eventually;

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
    let report = desk.says(&["report"]);
    assert!(report.contains("Schedules\n  tick  next "), "{report}");
    let page = desk.says(&["report", "--html", "-"]);
    assert!(page.contains("<h2>Schedules</h2>"), "{page}");
    assert_eq!(worker.stop(), Some(0));
    // A schedule that nothing fires is no silence.
    desk.refuses(&["status"], 3);
    desk.says(&["schedules", "pause", "tick", "--reason", "holidays"]);
    let data: Value = serde_json::from_str(&desk.says(&["status", "--json"])).unwrap();
    assert_eq!(data["board"]["schedules"][0]["paused"]["why"], "holidays");
    assert!(desk.says(&["metrics"]).contains(&paused("1")));
    let report = desk.says(&["report"]);
    assert!(report.contains("tick  PAUSED since "), "{report}");
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
fn check_foretells_the_next_times_and_refuses_what_never_comes() {
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
fn a_crontab_becomes_jobs_with_schedules() {
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
fn a_far_time_has_its_year_and_a_first_time_beyond_the_calendar_is_an_error() {
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
