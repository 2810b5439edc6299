//! The file that a runner keeps for the node exporter, and the one that `metrics --textfile` writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use nix::sys::signal::Signal;

use super::page::Page;
use super::{B, TWO, is_recent, metrics, now, result, two, written};
use crate::support::{Place, Runner, eventually, stderr, stdout};

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
    // What is no file that can be replaced; a page may be written in between.
    fs::create_dir_all(place.path("directory/x")).unwrap();
    assert!(eventually(|| {
        let _ = fs::remove_file(place.path("prom/b.prom"));
        fs::rename(place.path("directory"), place.path("prom/b.prom")).is_ok()
    }));
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
