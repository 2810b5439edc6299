//! What `metrics` and the file of a runner say of it, in a form that every reader of the format takes.
#![expect(clippy::disallowed_methods, reason = "a test may look at the clock")]

mod page;
mod rules;
mod textfile;

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{self, NO_MAIL_PROGRAM, Place, eventually, stderr, stdout};
use nix::sys::signal::Signal;
use page::Page;

/// `a` fails while there is a file `bad`; `b` sleeps for long after it has run.
const TWO: &str = r#"
[metrics]
textfile = "prom/%n.prom"
[tasks.a]
shell = "echo broken; test ! -e bad"
success_cooldown = "20ms"
fail_cooldown = "20ms"
[tasks.b]
command = ["true"]
success_cooldown = "1h"
timeout = "10m"
"#;

const A: (&str, &str) = ("task", "tasks::a");
const B: (&str, &str) = ("task", "tasks::b");

fn result(word: &str) -> (&str, &str) {
    ("result", word)
}

/// A place where both run, and where there is a directory for pages.
fn two() -> Place {
    let place = Place::with(TWO);
    fs::create_dir(place.path("prom")).unwrap();
    place
}

#[track_caller]
fn metrics(place: &Place, names: &[&str]) -> Page {
    let all: Vec<&str> = ["metrics"].iter().chain(names).copied().collect();
    let output = place.run(&all);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    Page::read(&stdout(&output))
}

/// Waits until the page that a runner has written is as expected.
#[track_caller]
fn written(place: &Place, name: &str, expected: impl Fn(&Page) -> bool) -> Page {
    let path = format!("prom/{name}.prom");
    let page = || Page::read(&place.read(&path));
    assert!(eventually(|| expected(&page())), "{}", place.read(&path));
    page()
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

fn is_recent(time: Option<f64>) -> bool {
    time.is_some_and(|time| (now() - time).abs() < 2.0 * support::PATIENCE.as_secs_f64())
}

#[test]
fn runs_outages_and_mails_of_a_chain_are_numbers() {
    let place = two();
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    // A run is written down before the next one begins.
    runner.wait_for_count("Execution failed", 4);
    assert!(eventually(|| place.mails().len() == 1));
    let page = metrics(&place, &[]);
    assert_eq!(page.get("up", &[("chain", "a")]), Some(1.0));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(page.get("build_info", &[("version", version)]), Some(1.0));
    let failed = page.get("runs_total", &[A, result("failed")]).unwrap();
    assert!(failed >= 3.0);
    assert_eq!(page.get("runs_total", &[A, result("ok")]), Some(0.0));
    assert_eq!(page.get("run_duration_seconds_count", &[A]), Some(failed));
    assert!(page.get("run_duration_seconds_sum", &[A]).unwrap() > 0.0);
    assert!(page.get("outage_seconds", &[A]).unwrap() > 0.0);
    assert!(is_recent(page.get("outage_start_timestamp_seconds", &[A])));
    assert!(is_recent(page.get("last_run_timestamp_seconds", &[A])));
    assert_eq!(page.get("last_success_timestamp_seconds", &[A]), None);
    let first = [("chain", "a"), ("sort", "first")];
    assert_eq!(page.get("mails_queued_total", &first), Some(1.0));
    assert!(eventually(|| metrics(&place, &[])
        .get("mails_sent_total", &first)
        == Some(1.0)));
    fs::remove_file(place.path("bad")).unwrap();
    runner.wait_for_count("Execution successful", 2);
    let page = metrics(&place, &[]);
    assert_eq!(page.get("outage_seconds", &[A]), Some(0.0));
    assert_eq!(page.get("outage_start_timestamp_seconds", &[A]), None);
    assert!(is_recent(page.get("last_success_timestamp_seconds", &[A])));
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(metrics(&place, &[]).get("up", &[]), Some(0.0));
}

#[test]
fn no_count_goes_back_when_the_runner_is_killed_or_replaced_or_starts_again() {
    let place = two();
    place.write("bad", "");
    let start = |runs| {
        let runner = place.start(&["tasks::a"]);
        runner.wait_for_count("Execution", runs);
        runner
    };
    let mut former = metrics(&place, &[]);
    let mut look = || {
        let page = metrics(&place, &[]);
        for (name, labels, before) in former.counters() {
            let after = page
                .counters()
                .find(|(other, its, _)| (*other, *its) == (name, labels));
            let (_, _, after) = after.unwrap_or_else(|| panic!("{name}{labels:?} is gone"));
            assert!(after >= before, "{name}{labels:?}: {before} → {after}");
        }
        former = page;
        former.get("runs_total", &[A, result("failed")]).unwrap()
    };
    let mut runner = start(4);
    let first = look();
    assert!(first >= 3.0, "{first}");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let killed = look();
    assert!(killed >= first);
    let runner = start(2);
    let again = look();
    assert!(again > killed, "{again} after {killed}");
    let successor = start(2);
    drop(runner);
    assert!(look() > again);
    assert_eq!(successor.stop(), Some(0));
    look();
}

#[test]
fn runs_that_come_too_fast_to_be_told_one_by_one_are_all_counted() {
    let place = Place::with("[tasks.a]\nshell = \"echo >> runs\"\nsuccess_cooldown = \"0s\"\n");
    let runs = || place.read("runs").lines().count();
    let runner = place.start(&["tasks::a"]);
    assert!(eventually(|| runs() >= 100));
    assert_eq!(runner.stop(), Some(0));
    let runs = runs() as f64;
    let page = metrics(&place, &["a"]);
    assert_eq!(page.get("runs_total", &[A, result("ok")]), Some(runs));
    assert_eq!(page.get("run_duration_seconds_count", &[A]), Some(runs));
}

#[test]
fn a_chain_that_never_ran_is_down_when_it_is_named() {
    let place = two();
    assert_eq!(metrics(&place, &[]).series().count(), 0);
    let page = metrics(&place, &["never", "a", "never"]);
    assert_eq!(page.get("up", &[("chain", "never")]), Some(0.0));
    assert_eq!(page.get("up", &[("chain", "a")]), Some(0.0));
    assert!(!place.path("run").exists(), "looking changes nothing");
    let output = place.run(&["metrics", "no/name"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn mail_that_does_not_leave_is_told() {
    let place = two();
    place.configure(&format!("{TWO}{NO_MAIL_PROGRAM}"));
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    let is_told = |page: &Page| page.get("mail_path_up", &[]) == Some(0.0);
    assert!(eventually(|| is_told(&metrics(&place, &[]))));
    let by_runner = written(&place, "a", is_told);
    for page in [by_runner, metrics(&place, &[])] {
        assert_eq!(page.get("outbox_mails", &[("chain", "a")]), Some(1.0));
        assert!(page.get("outbox_oldest_age_seconds", &[]).is_some());
        assert!(is_recent(page.get("outbox_oldest_timestamp_seconds", &[])));
        assert_eq!(
            page.get("mails_sent_total", &[("sort", "first")]),
            Some(0.0)
        );
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn names_from_a_foreign_file_break_no_page() {
    let place = two();
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping");
    assert_eq!(runner.stop(), Some(0));
    let names = [
        "x\"} 1\n# TYPE evil counter",
        "\\",
        "ünï\r\t\u{1b}[31m",
        "a\\\"\n",
        "",
    ];
    let parts = fs::read_dir(place.path("run/b.history")).unwrap();
    let parts = parts.map(|entry| entry.unwrap().path());
    let part = parts
        .filter(|path| path.extension().is_some_and(|end| end == "runs"))
        .max();
    let mut file = fs::File::options()
        .append(true)
        .open(part.unwrap())
        .unwrap();
    for (at, name) in names.iter().enumerate() {
        let run = serde_json::json!({ "run": {
            "id": "1", "task": name, "at": at, "took": 1, "result": "failed", "kind": "k\"ind",
        }});
        let mailed = serde_json::json!({ "mailed": { "at": 1, "sort": name, "headline": "h" }});
        writeln!(file, "{run}\n{mailed}").unwrap();
    }
    let page = metrics(&place, &[]);
    for name in names {
        let labels = [("task", name), result("failed")];
        assert_eq!(page.get("runs_total", &labels), Some(1.0), "{name:?}");
    }
    let other = page.get("mails_queued_total", &[("sort", "other")]);
    assert_eq!(other, Some(names.len() as f64));
    let known = ["chain", "task", "result", "sort", "version", "le"];
    let labels = page.series().flat_map(|(_, labels)| labels.keys());
    assert!(
        labels
            .into_iter()
            .all(|label| known.contains(&label.as_str()))
    );
}

#[test]
fn a_chain_that_is_not_ours_is_left_out_and_told() {
    let place = two();
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping");
    // As somebody else's would be: nothing that we may open as our own.
    fs::write(place.path("run/other"), "").unwrap();
    std::os::unix::fs::symlink(place.path("run/other"), place.path("run/theirs.pid")).unwrap();
    let output = place.run(&["metrics"]);
    assert_eq!(output.status.code(), Some(77));
    let said = stderr(&output);
    assert!(
        said.contains("`theirs` is left out, it cannot be looked at"),
        "{said}"
    );
    let page = Page::read(&stdout(&output));
    assert_eq!(
        page.get("up", &[]),
        Some(1.0),
        "the others are told all the same"
    );
    assert_eq!(runner.stop(), Some(0));
    fs::set_permissions(place.path("run"), Permissions::from_mode(0o777)).unwrap();
    assert_eq!(place.run(&["metrics"]).status.code(), Some(73));
}
