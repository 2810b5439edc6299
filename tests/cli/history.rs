//! What is kept of runs, and how `history` shows it.

use std::fs;

use crate::support::{Place, eventually, stderr, stdout};
use nix::sys::signal::Signal;
use serde_json::Value;

/// `a` fails as often as there are lines in the file `bad`, `b` is always well.
const TWO: &str = r#"
[tasks.a]
shell = '''
echo "token=abcdefgh12345678"
test -s bad || exit 0
sed -i 1d bad
echo broken
exit 3
'''
success_cooldown = "110ms"
fail_cooldown = "110ms"
[tasks.b]
command = ["true"]
success_cooldown = "110ms"
"#;

/// A chain of both that has failed twice, and has stopped.
fn failed_twice() -> Place {
    let place = Place::with(TWO);
    place.write("bad", "once\nand again\n");
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for_count("Execution failed", 2);
    runner.wait_for("[tasks::a] Execution successful");
    assert_eq!(runner.stop(), Some(0));
    place
}

fn history(place: &Place, args: &[&str]) -> String {
    let all: Vec<&str> = ["history"].iter().chain(args).copied().collect();
    let output = place.run(&all);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn data(place: &Place, args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&history(place, &args)).unwrap()
}

#[test]
fn every_run_is_shown_with_its_end_and_whether_it_was_mailed() {
    let place = failed_twice();
    let text = history(&place, &[]);
    assert!(text.contains("tasks::a  failed in "), "{text}");
    assert!(text.contains(", mailed: first"), "{text}");
    assert!(text.contains("exit 3: broken"), "{text}");
    assert!(text.contains("tasks::b  ok in "), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn the_runs_of_a_task_a_function_or_a_chain_can_be_picked() {
    let place = failed_twice();
    let all = data(&place, &[]);
    let of_a = data(&place, &["tasks::a"]);
    assert!(of_a.len() >= 3 && of_a.len() < all.len());
    assert!(of_a.iter().all(|run| run["task"] == "tasks::a"));
    assert_eq!(data(&place, &["tasks.a"]), of_a);
    assert_eq!(data(&place, &["a"]), of_a);
    assert_eq!(data(&place, &["a_b"]), all);
    assert_eq!(data(&place, &["-n", "1"]), all[all.len() - 1..]);
    let failed = data(&place, &["--failed"]);
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|run| run["result"] == "failed"));
}

#[test]
fn why_gives_the_reason_of_the_policy() {
    let place = failed_twice();
    let failed = data(&place, &["--failed"]);
    let name = |at: usize| failed[at]["run"].as_str().unwrap();
    let text = history(&place, &["--why", name(0)]);
    assert!(
        text.contains("First exception caught: exit 3: broken"),
        "{text}"
    );
    let text = history(&place, &["--why", name(1)]);
    let kind = &failed[1]["kind"].as_str().unwrap()[..4];
    let reason = format!("Not mailed: same kind {kind} already mailed ");
    assert!(text.contains(&reason), "{text}");
    assert!(text.contains("< 12h"), "{text}");
    let well = data(&place, &["tasks::b", "-n", "1"]);
    let text = history(&place, &["--why", well[0]["run"].as_str().unwrap()]);
    assert!(text.contains("Not mailed: it succeeded"), "{text}");
}

#[test]
fn a_plot_has_a_bar_for_each_run_and_marks_failures() {
    let place = failed_twice();
    let text = history(&place, &["tasks::a", "--plot"]);
    assert_eq!(text.matches('✗').count(), 2, "{text}");
    assert!(text.contains('█'), "{text}");
}

#[test]
fn what_is_not_known_is_said_with_what_is() {
    let place = Place::with(TWO);
    let output = place.run(&["history"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("No run is kept"));
    assert!(!place.path("run").exists(), "looking changes nothing");
    let place = failed_twice();
    let output = place.run(&["history", "tasks::aa"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `tasks::a`?"),
        "{}",
        stderr(&output)
    );
    let output = place.run(&["history", "--why", "zzz"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let output = place.run(&["history", "--why", "No!"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn a_history_that_is_not_ours_hides_no_other() {
    let place = failed_twice();
    place.write("run/theirs.history", "no directory");
    let output = place.run(&["history", "a_b"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stdout(&output).contains("tasks::a  failed in "),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("theirs.history"),
        "{}",
        stderr(&output)
    );
    // It may have run in the other one too.
    let of_a_task = place.run(&["history", "tasks::a"]);
    assert!(stdout(&of_a_task).contains("tasks::a  failed in "));
    assert_eq!(of_a_task.status.code(), Some(77));
}

#[test]
fn secrets_are_not_kept() {
    let place = failed_twice();
    let files = fs::read_dir(place.path("run/a_b.history")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let all: String = texts.collect();
    // What the same runs printed besides is there.
    assert!(all.contains("token=") && all.contains("broken"), "{all}");
    assert!(!all.contains("abcdefgh12345678"), "{all}");
}

#[test]
fn a_killed_runner_leaves_all_runs_and_the_next_goes_on() {
    let place = Place::with(TWO);
    let mut runner = place.start(&["tasks::a", "tasks::b"]);
    // A run is written down before its cooldown begins.
    runner.wait_for_count("Sleeping", 4);
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let before = data(&place, &["-n", "1000"]);
    assert!(before.len() >= 4, "{before:?}");
    // As a power cut may leave it.
    let directory = fs::read_dir(place.path("run/a_b.history")).unwrap();
    let lines = directory.map(|file| file.unwrap().path());
    let lines = lines.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "runs")
    });
    for path in lines {
        let mut text = fs::read(&path).unwrap();
        text.extend(b"{\"run\":{\"id\":\"abc\",\"ta");
        fs::write(&path, text).unwrap();
    }
    assert_eq!(data(&place, &["-n", "1000"]), before);
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("[tasks::b] Execution successful");
    assert_eq!(runner.stop(), Some(0));
    let after = data(&place, &["-n", "1000"]);
    assert!(after.len() > before.len());
    assert_eq!(after[..before.len()], before);
}

#[test]
fn a_history_that_cannot_be_written_is_told_once_and_stops_nothing() {
    let place = Place::with(TWO);
    place.write("run/a_b.history", "in the way");
    place.set_mode("run", 0o700);
    let runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("the history of runs cannot be written");
    runner.wait_for_count("Execution successful", 4);
    assert_eq!(runner.count("the history of runs cannot be written"), 1);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn it_never_takes_more_than_the_setting_says() {
    let place = Place::with(
        r#"
history = { max_bytes = 1048576 }
[tasks.a]
shell = "head -c 60000 /dev/zero | tr '\\0' x; exit 1"
fail_cooldown = "1ms"
"#,
    );
    let mut runner = place.start(&["tasks::a", "-q"]);
    let size = || -> u64 {
        let files = fs::read_dir(place.path("run/a.history"));
        let files = files.into_iter().flatten().flatten();
        files
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .sum()
    };
    let parts = || fs::read_dir(place.path("run/a.history")).map_or(0, Iterator::count);
    assert!(eventually(|| parts() >= 8), "{}", runner.log());
    let first = fs::read_dir(place.path("run/a.history")).unwrap();
    let first = first.map(|file| file.unwrap().path()).min().unwrap();
    assert!(eventually(|| !first.exists()), "{}", runner.log());
    runner.signal(Signal::SIGTERM);
    assert_eq!(runner.wait_for_end(), Some(0));
    assert!((400_000..=1_048_576).contains(&size()), "{}", size());
}

#[test]
fn successes_in_quick_succession_are_counted_together() {
    let place = Place::with("[tasks.a]\ncommand = [\"true\"]\nsuccess_cooldown = \"1ms\"\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("times in", 2);
    assert_eq!(runner.stop(), Some(0));
    let runs = data(&place, &[]);
    let counted: u64 = runs.iter().filter_map(|run| run["count"].as_u64()).sum();
    assert!(counted > 2 && runs.len() < 20, "{runs:?}");
    assert!(history(&place, &[]).contains(" times in "));
}

#[test]
fn a_closed_pipe_is_no_reason_to_panic() {
    let place = failed_twice();
    let output = place.run_into_closed_pipe(&["history"]);
    assert!(!stderr(&output).contains("panic"), "{}", stderr(&output));
}

#[test]
fn once_leaves_no_history() {
    let place = Place::with(TWO);
    assert_eq!(place.run(&["once", "tasks::b"]).status.code(), Some(0));
    assert!(!place.path("run").exists());
}
