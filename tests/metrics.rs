//! What `metrics` and the file of a runner say of it, in a form that every reader of the format takes.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a test may look at the clock")]

#[path = "metrics/page.rs"]
mod page;
mod support;

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use page::Page;
use support::{Place, Runner, eventually, stderr, stdout};

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
    runner.wait_for_count("Execution failed", 3);
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
    runner.wait_for_count("Execution successful", 1);
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
fn a_file_is_replaced_whole_and_everybody_may_read_it() {
    let place = two();
    let run = |args: &[&str]| -> Output {
        let line = format!("umask 077; exec \"$0\" metrics {}", args.join(" "));
        let mut command = place.command_of(Path::new("/bin/sh"), &["-c", &line]);
        command
            .arg(env!("CARGO_BIN_EXE_run_functions"))
            .output()
            .unwrap()
    };
    let page = place.path("prom/all.prom");
    fs::write(&page, "old\n").unwrap();
    let output = run(&["never", "--textfile", "prom/all.prom"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert_eq!(
        Page::read(&place.read("prom/all.prom")).get("up", &[]),
        Some(0.0)
    );
    assert_eq!(
        fs::metadata(&page).unwrap().permissions().mode() & 0o777,
        0o644
    );
    assert_eq!(fs::read_dir(place.path("prom")).unwrap().count(), 1);
    let output = run(&["never", "--textfile", "-"]);
    assert_eq!(Page::read(&stdout(&output)).get("up", &[]), Some(0.0));
    for (wrong, code, said) in [
        ("prom/all", 2, "write `--textfile prom/all.prom`"),
        ("prom/.prom", 2, "whose names end with `.prom`"),
        (
            "none/all.prom",
            1,
            "`none/all.prom` cannot be written: No such file",
        ),
    ] {
        let output = run(&["--textfile", wrong]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_runner_writes_its_page_when_it_begins_after_runs_and_when_it_ends() {
    let place = two();
    let runner = place.start(&["tasks::b"]);
    let page = written(&place, "b", |page| {
        page.get("runs_total", &[B, result("ok")]) == Some(1.0)
    });
    assert_eq!(page.get("up", &[("chain", "b")]), Some(1.0));
    assert!(is_recent(
        page.get("textfile_written_timestamp_seconds", &[])
    ));
    assert!(is_recent(page.get("start_timestamp_seconds", &[])));
    let next = page.get("next_run_timestamp_seconds", &[]).unwrap() - now();
    assert!((3400.0..=3600.0).contains(&next), "{next}");
    // The cooldown, the timeout of the run, and some time to end it and to write.
    let due = page.get("textfile_due_timestamp_seconds", &[]).unwrap() - now();
    assert!((4000.0..=3600.0 + 600.0 + 120.0).contains(&due), "{due}");
    let of_command = metrics(&place, &["b"]);
    assert_eq!(of_command.get("textfile_due_timestamp_seconds", &[]), None);
    assert_eq!(runner.stop(), Some(0));
    let page = Page::read(&place.read("prom/b.prom"));
    assert_eq!(
        page.get("up", &[]),
        Some(0.0),
        "it was written before the end"
    );
    assert_eq!(page.get("runs_total", &[B, result("ok")]), Some(1.0));
    assert_eq!(page.get("textfile_due_timestamp_seconds", &[]), None);
}

#[test]
fn the_page_of_a_runner_that_was_killed_says_when_it_was_written() {
    let place = two();
    let mut runner = place.start(&["tasks::b"]);
    written(&place, "b", |page| {
        page.get("runs_total", &[B, result("ok")]) == Some(1.0)
    });
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let page = Page::read(&place.read("prom/b.prom"));
    assert_eq!(
        page.get("up", &[]),
        Some(1.0),
        "nobody was left to say otherwise"
    );
    assert!(is_recent(
        page.get("textfile_written_timestamp_seconds", &[])
    ));
    assert_eq!(
        metrics(&place, &[]).get("up", &[]),
        Some(0.0),
        "the lock knows"
    );
    let runner = place.start(&["tasks::b"]);
    let wrote = |page: &Page| page.get("textfile_written_timestamp_seconds", &[]).unwrap();
    let before = wrote(&page);
    let page = written(&place, "b", |page| wrote(page) > before);
    assert_eq!(
        page.get("runs_total", &[B, result("ok")]),
        Some(1.0),
        "what was is still counted"
    );
    assert!(page.get("next_run_timestamp_seconds", &[]).unwrap() > now() + 3000.0);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_pages_of_two_runners_have_no_series_in_common() {
    let place = two();
    let runners = [
        place.start(&["tasks::b"]),
        place.start(&["tasks::b", "tasks::b"]),
    ];
    let pages =
        ["b", "b_b"].map(|name| written(&place, name, |page| page.get("up", &[]).is_some()));
    let mut all: Vec<_> = pages.iter().flat_map(Page::series).collect();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count);
    let other = ("task", "tasks::b#2");
    assert!(pages[1].get("outage_seconds", &[other]).is_some());
    for runner in runners {
        assert_eq!(runner.stop(), Some(0));
    }
}

/// Skips the cooldown of `b`, and waits for the end of its next run.
fn run_again(place: &Place, runner: &Runner, runs: usize) {
    assert!(eventually(|| {
        let output = place.run(&["wake", "b"]);
        output.status.code() == Some(0) && runner.count("Execution successful") >= runs
    }));
}

#[test]
fn a_page_that_cannot_be_written_is_told_once_and_stops_nothing() {
    let place = Place::with(TWO);
    let told = "the page for the node exporter cannot be written to `";
    let runner = place.start(&["tasks::b"]);
    runner.wait_for(told);
    runner.wait_for("the directory of `textfile` does not exist");
    run_again(&place, &runner, 3);
    fs::create_dir(place.path("prom")).unwrap();
    run_again(&place, &runner, 6);
    runner.wait_for("The page for the node exporter can be written again");
    written(&place, "b", |page| {
        page.get("runs_total", &[B, result("ok")]) >= Some(6.0)
    });
    assert_eq!(runner.count(told), 1, "{}", runner.log());
    // What is no file that can be replaced.
    fs::remove_file(place.path("prom/b.prom")).unwrap();
    fs::create_dir_all(place.path("prom/b.prom/x")).unwrap();
    run_again(&place, &runner, 8);
    runner.wait_for_count(told, 2);
    let files = || fs::read_dir(place.path("prom")).unwrap().count();
    assert!(eventually(|| files() == 1), "a draft is left");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn mail_that_leaves_between_two_runs_is_told_without_another_run() {
    let place = two();
    let config = TWO.replace(
        "command = [\"true\"]",
        "command = [\"false\"]\nfail_cooldown = \"1h\"",
    );
    place.configure(&config);
    let runner = place.start(&["tasks::b"]);
    let first = [("sort", "first")];
    let page = written(&place, "b", |page| {
        page.get("mails_sent_total", &first) == Some(1.0)
            && page.get("outbox_mails", &[]) == Some(0.0)
    });
    assert_eq!(page.get("mails_queued_total", &first), Some(1.0));
    assert_eq!(page.get("runs_total", &[B, result("failed")]), Some(1.0));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn mail_that_does_not_leave_is_told() {
    let place = two();
    let mail = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\nprogram = \"/nowhere/sendmail\"\n";
    place.configure(&format!("{TWO}{mail}"));
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

#[test]
fn a_file_that_nobody_would_read_or_two_would_write_is_an_error_of_the_configuration() {
    for (textfile, said) in [
        ("prom/%n.txt", "must end with `.prom`"),
        ("prom/%n/all.prom", "needs `%n`"),
        ("", "is empty"),
    ] {
        let place = Place::with(&TWO.replace("prom/%n.prom", textfile));
        let output = place.run(&["check"]);
        assert_eq!(
            output.status.code(),
            Some(78),
            "{textfile}: {}",
            stdout(&output)
        );
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let place = Place::with(TWO);
    let mut command = place.command(&["check", "tasks::b"]);
    command.env("RUN_FUNCTIONS_METRICS_TEXTFILE", place.path("x_%n.prom"));
    let output = command.output().unwrap();
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("x_b.prom"), "{}", stdout(&output));
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prometheus_rules.yml")
}

fn promtool(args: &[&str], input: &str) -> Output {
    let mut child = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
#[ignore = "needs promtool"]
fn promtool_has_nothing_to_say_about_a_page() {
    let place = two();
    place.write("bad", "");
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("Sleeping 1h");
    written(&place, "a_b", |page| {
        page.get("runs_total", &[B, result("ok")]) == Some(1.0)
    });
    let by_command = stdout(&place.run(&["metrics", "a_b", "never"]));
    for page in [place.read("prom/a_b.prom"), by_command] {
        let output = promtool(&["check", "metrics"], &page);
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert!(output.status.success() && said.is_empty(), "{said}\n{page}");
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs promtool"]
fn the_rules_wake_somebody_when_they_should_and_only_then() {
    let rules = example();
    let output = promtool(&["check", "rules", rules.to_str().unwrap()], "");
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let place = Place::empty();
    fs::copy(&rules, place.path("prometheus_rules.yml")).unwrap();
    let cases = include_str!("data/prometheus_rules_test.yml");
    place.write("cases.yml", cases);
    let cases = place.path("cases.yml");
    let output = promtool(&["test", "rules", cases.to_str().unwrap()], "");
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn the_rules_name_only_what_a_page_has() {
    let place = two();
    let mail = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\nprogram = \"/nowhere/sendmail\"\n";
    place.configure(&format!("{TWO}{mail}"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    place.write("bad", "");
    written(&place, "a", |page| {
        page.get("outbox_oldest_timestamp_seconds", &[]).is_some()
    });
    assert!(place.run(&["mute", "a", "2h"]).status.success());
    let known = written(&place, "a", |page| {
        page.get("outbox_oldest_timestamp_seconds", &[]).is_some()
            && page.get("mute_end_timestamp_seconds", &[]).is_some()
            && page.get("outage_start_timestamp_seconds", &[]).is_some()
            && page.get("last_success_timestamp_seconds", &[]).is_some()
    });
    let known: Vec<&str> = known.series().map(|(name, _)| name).collect();
    let rules = fs::read_to_string(example()).unwrap();
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named: Vec<&str> = words
        .filter(|word| word.starts_with("run_functions_"))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(known.contains(&name), "{name}");
    }
    assert_eq!(runner.stop(), Some(0));
}
