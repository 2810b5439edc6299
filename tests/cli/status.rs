//! What `status` says of chains that run, sleep, fail, have ended, or belong to somebody else, and with which exit code.

mod screen;
mod stopped;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::time::SystemTime;

use crate::support::{NO_MAIL_PROGRAM, Place, eventually, stderr, stdout, subject};
use nix::sys::signal::Signal;
use serde_json::Value;

/// `a` fails while there is a file `bad`; `b` sleeps for long after it has run.
const TWO: &str = r#"
[tasks.a]
shell = "echo broken; test ! -e bad"
success_cooldown = "20ms"
fail_cooldown = "20ms"
[tasks.b]
command = ["true"]
success_cooldown = "1h"
"#;

fn status(place: &Place, args: &[&str]) -> Output {
    let all: Vec<&str> = ["status"].iter().chain(args).copied().collect();
    place.run(&all)
}

fn data(place: &Place) -> Value {
    let output = status(place, &["--json"]);
    serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

/// Every file below a directory, and when it was last changed.
fn files(directory: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.metadata().unwrap();
        if path.is_dir() {
            found.extend(files(&path));
        }
        let changed = metadata.modified().unwrap();
        found.insert(path.display().to_string(), (metadata.len(), changed));
    }
    found
}

#[test]
fn a_healthy_chain_is_told_with_0() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("Sleeping 1h");
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    for expected in [
        "a_b: sleeping until ",
        "the pause after tasks::b, then tasks::a",
        &format!("(pid {}, up ", runner.pid()),
        "tasks::a  healthy since ",
        "; 24h: 1 ok, 0 failed",
        "Mail: nobody is mailed: each mail is a file in ",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colours on a pipe: {text}");
    let chain = &data(&place)["chains"][0];
    assert_eq!(chain["pid"], runner.pid());
    assert!(chain["sleeping_until"].is_string() && chain["started"].is_string());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_running_task_is_told() {
    let place = Place::with("[tasks.a]\nshell = \"echo > runs; sleep 600\"\n");
    let mut runner = place.start(&["tasks::a"]);
    assert!(eventually(|| place.path("runs").exists()));
    let text = stdout(&status(&place, &["a"]));
    assert!(text.contains("a: tasks::a runs since "), "{text}");
    assert!(text.contains("tasks::a  not run yet"), "{text}");
    assert!(data(&place)["chains"][0]["task_running_since"].is_string());
    runner.signal(Signal::SIGQUIT);
    runner.wait_for_status();
}

#[test]
fn a_run_that_does_not_end_is_not_well_and_that_is_mailed_when_asked_for() {
    let place = Place::with("[tasks.a]\ncommand = [\"sleep\", \"600\"]\nwarn_after = \"50ms\"\n");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins: Still running after ");
    let output = status(&place, &["--mail-if-bad"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let line = text.lines().find(|line| line.contains("still running"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(line.starts_with("    still running after "), "{text}");
    assert!(line.contains(", longer than 50ms; mailed "), "{text}");
    assert!(eventually(|| place.mails().len() == 2));
    let subjects = place.subjects();
    assert!(
        subjects.contains(&"Still running: tasks::a".to_owned()),
        "{subjects:?}"
    );
    let all = data(&place);
    assert_eq!(all["exit"], 1);
    let run = &all["chains"][0]["tasks"][0]["still_running"];
    assert_eq!(run["limit_seconds"], 0.05);
    assert!(
        run["since"].is_string() && run["mailed"].is_string(),
        "{run}"
    );
    let report = stdout(&place.run(&["report"]));
    assert!(
        report.contains("The task is running for too long"),
        "{report}"
    );
    assert!(report.contains("    still running after "), "{report}");
    let page = stdout(&place.run(&["report", "--html", "-"]));
    assert!(page.contains("The task is running for too long"), "{page}");
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("tasks::a  still running after ");
    runner.signal(Signal::SIGQUIT);
    runner.wait_for_status();
}

#[test]
fn a_run_that_does_not_end_is_not_well_though_nobody_is_mailed() {
    let place = Place::with(
        "[tasks.a]\nshell = \"test ! -e hang || sleep 600\"\nwarn_after = \"50ms\"\n\
         success_cooldown = \"1h\"\nnon_recoverable_downtime = \"1ms\"\n",
    );
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1h");
    let output = place.run(&["mute", "a", "1h"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    place.write("hang", "");
    runner.signal(Signal::SIGUSR2);
    assert!(eventually(|| status(&place, &[]).status.code() == Some(1)));
    let text = stdout(&status(&place, &[]));
    assert!(
        text.contains(", longer than 50ms; not mailed: muted until "),
        "{text}"
    );
    assert!(data(&place)["chains"][0]["tasks"][0]["still_running"]["mailed"].is_null());
    runner.signal(Signal::SIGUSR1);
    runner.wait_for(", longer than 50ms; not mailed: muted");
    let output = place.run(&["unmute", "a"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(eventually(
        || stdout(&status(&place, &[])).contains(", longer than 50ms; mailed ")
    ));
    runner.signal(Signal::SIGQUIT);
    runner.wait_for_status();
}

#[test]
fn a_task_that_is_down_is_told_with_1_with_its_kinds_and_the_next_reminder() {
    let place = Place::with(TWO);
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    // A run is written down before the next one begins.
    runner.wait_for_count("Execution failed", 4);
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for expected in [
        "tasks::a  DOWN since ",
        " failures",
        "exit 1: broken",
        "kind ",
        ", mailed ",
        "next reminder: ",
        "✗✗",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    let down = &data(&place)["chains"][0]["tasks"][0]["down"];
    assert_eq!(down["latest"], "exit 1: broken");
    assert!(down["failures"].as_u64() >= Some(3), "{down}");
    assert!(down["next_reminder"].is_string() && down["kinds"][0]["mailed"].is_string());
    fs::remove_file(place.path("bad")).unwrap();
    runner.wait_for_count("Execution successful", 2);
    let output = status(&place, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("✗"), "{}", stdout(&output));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_task_that_only_asks_for_later_is_told_and_down_when_that_lasts() {
    let place = Place::with(
        "[tasks.a]\nshell = \"echo locked; exit 75\"\nsuccess_cooldown = \"110ms\"\n\
         non_recoverable_downtime = \"1h\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("To be tried again later: exit 75: locked", 4);
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let asks = text.find("tasks::a  asks for later since ");
    assert!(asks.is_some() && text.contains(" times)"), "{text}");
    assert!(text.contains("    exit 75: locked"), "{text}");
    let asks = &data(&place)["chains"][0]["tasks"][0]["asks_for_later"];
    assert!(asks["count"].as_u64() >= Some(3), "{asks}");
    assert!(place.subjects().is_empty());
    let config = place.read("run_functions.toml").replace("1h", "200ms");
    place.configure(&config);
    let runner = {
        assert_eq!(runner.stop(), Some(0));
        place.start(&["tasks::a"])
    };
    runner.wait_for("Sent email to admins: Non recoverable downtime reached again: has asked");
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("tasks::a  DOWN since "), "{text}");
    assert!(
        text.contains(" times, no run succeeded or failed"),
        "{text}"
    );
    assert_eq!(runner.stop(), Some(0));
    assert!(place.all_subjects()[0].contains(": has asked to be retried "));
}

#[test]
fn an_outage_is_known_though_its_runner_was_started_again() {
    let place = Place::with(TWO);
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 2);
    assert_eq!(runner.stop(), Some(0));
    let since = data(&place)["chains"][0]["tasks"][0]["down"]["since"].clone();
    assert!(since.is_string());
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 2);
    assert_eq!(
        data(&place)["chains"][0]["tasks"][0]["down"]["since"],
        since
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_broken_way_of_mail_is_told_with_1() {
    let place = Place::with(&format!("{TWO}{NO_MAIL_PROGRAM}"));
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins");
    assert!(eventually(
        || stdout(&status(&place, &[])).contains("Mail does not leave since ")
    ));
    fs::remove_file(place.path("bad")).unwrap();
    runner.wait_for_count("Execution successful", 2);
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("/nowhere/sendmail") && text.contains("waits in the outbox"),
        "{text}"
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn looking_writes_nothing() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping 1h");
    // The last success is recorded by a thread of its own.
    assert!(eventually(|| place.path("run/b.alive").exists()));
    let still = || {
        let before = files(&place.path("run"));
        (before == files(&place.path("run"))).then_some(before)
    };
    let before = still().unwrap();
    for args in [&[][..], &["--json"], &["b"], &["never"]] {
        status(&place, args);
    }
    assert_eq!(files(&place.path("run")), before);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn what_is_not_well_is_mailed_when_asked_for() {
    let place = Place::with(TWO);
    let mut runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping 1h");
    assert_eq!(status(&place, &["--mail-if-bad"]).status.code(), Some(0));
    assert_eq!(place.mails().len(), 0, "all is well");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let output = status(&place, &["--mail-if-bad"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let mails = place.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(subject(&mails[0]), "Not running: b");
    assert!(mails[0].contains("b: not running: killed"), "{}", mails[0]);
}

#[test]
fn a_chain_that_is_not_ours_says_why_it_cannot_be_looked_at() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping 1h");
    // As somebody else's would be: nothing that we may open as our own.
    fs::write(place.path("run/other"), "").unwrap();
    std::os::unix::fs::symlink(place.path("run/other"), place.path("run/theirs.pid")).unwrap();
    let output = status(&place, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(77), "{text}");
    assert!(
        text.contains("theirs: cannot be looked at: ") && text.contains("symbolic link"),
        "{text}"
    );
    assert!(
        text.contains("b: sleeping until "),
        "the others are told all the same: {text}"
    );
    assert_eq!(runner.stop(), Some(0));
    fs::set_permissions(place.path("run"), fs::Permissions::from_mode(0o777)).unwrap();
    let output = status(&place, &[]);
    assert_eq!(output.status.code(), Some(73));
    assert!(
        stderr(&output).contains("can be written by others"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn mails_after_a_crash_and_after_another_start_count_as_status_does() {
    let settings = "[mail]\ntransport = \"file\"\nhealed = \"after-mail\"\n[defaults]\nsuccess_cooldown = \"200ms\"\n\
                    fail_cooldown = \"200ms\"\nnon_recoverable_downtime = \"1m\"\n";
    let task = "[tasks.a]\nshell = \"test -e well || { echo no disk; exit 1; }\"\n";
    let place = Place::with(&format!("{settings}{task}"));
    let mut failures = 0;
    for _ in 0..2 {
        let mut runner = place.start(&["tasks::a"]);
        // The history has what was logged before the cooldown.
        runner.wait_for_count("Sleeping 200ms", 6);
        runner.signal(Signal::SIGKILL);
        runner.wait_for_status();
        failures += runner.count("Execution failed");
    }
    let crashed = place.start(&["tasks::a"]);
    crashed.wait_for_count("Sleeping 200ms", 3);
    let newcomer = place.start(&["tasks::a"]);
    newcomer.wait_for("First exception caught");
    newcomer.wait_for_count("Sleeping 200ms", 2);
    place.write("well", "");
    newcomer.wait_for("Process healed");
    failures += crashed.count("Execution failed") + newcomer.count("Execution failed");
    assert_eq!(newcomer.stop(), Some(0));
    let mails = place.all_mails();
    let words = |mail: &String| mail.split_whitespace().collect::<Vec<_>>().join(" ");
    let healed = mails.iter().find(|mail| mail.contains("event=healed;"));
    let healed = words(healed.expect("the end is mailed"));
    assert!(
        healed.contains(&format!("; {failures} failed runs ")),
        "{failures}: {healed}"
    );
    let report = stdout(&place.run(&["report"]));
    assert!(
        report.contains(&format!(", {failures} failures")),
        "{report}"
    );
}
