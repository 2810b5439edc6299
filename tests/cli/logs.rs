//! What runs printed, as `logs` shows it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::support::{Place, eventually, stderr, stdout};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Prints which run it is, and fails while there is a file `bad`.
const COUNTS: &str = r#"
[tasks.a]
shell = '''
n=$(cat count 2>/dev/null || echo 1)
echo $((n + 1)) > count
echo "this is number $n"
test ! -e bad || exit 3
'''
success_cooldown = "110ms"
fail_cooldown = "110ms"
"#;

fn ran(place: &Place, times: usize) {
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("[tasks::a] Execution", times);
    assert_eq!(runner.stop(), Some(0));
}

fn logs(place: &Place, args: &[&str]) -> String {
    let all: Vec<&str> = ["logs"].iter().chain(args).copied().collect();
    let output = place.run(&all);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn successes_are_shown_with_what_they_printed() {
    let place = Place::with(COUNTS);
    ran(&place, 3);
    let text = logs(&place, &["tasks::a"]);
    for number in 1..=3 {
        assert!(
            text.contains(&format!("this is number {number}\n")),
            "{text}"
        );
    }
    assert!(text.contains("tasks::a  ok in "), "{text}");
}

#[test]
fn the_command_that_a_mail_names_shows_the_failure() {
    let place = Place::with(COUNTS);
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins");
    assert!(eventually(|| !place.mails().is_empty()));
    assert_eq!(runner.stop(), Some(0));
    let mail = &place.mails()[0];
    let named = mail
        .lines()
        .find_map(|line| Some(line.split_once("logs ")?.1));
    let named = named.expect("the mail says how to look");
    let name = named.split_whitespace().next().unwrap().to_owned();
    let text = logs(&place, &[&name]);
    assert!(
        text.contains("failed in ") && text.contains("mailed: first"),
        "{text}"
    );
    assert!(text.contains("this is number 1\n"), "{text}");
}

#[test]
fn one_run_or_the_last_ones_can_be_picked() {
    let place = Place::with(COUNTS);
    ran(&place, 3);
    let output = place.run(&["history", "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let name = runs[1]["run"].as_str().unwrap();
    let text = logs(&place, &["--run", name]);
    assert!(
        text.contains("number 2\n") && !text.contains("number 1\n"),
        "{text}"
    );
    assert_eq!(logs(&place, &["a", "--run", name]), text);
    assert_eq!(logs(&place, &["a", "-n", "1"]).matches("number").count(), 1);
    let output = place.run(&["logs"]);
    assert_eq!(output.status.code(), Some(2));
    let output = place.run(&["logs", "tasks::b"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
}

#[test]
fn a_function_that_prints_nothing_is_shown_by_its_error() {
    let place = Place::empty();
    let runner = place.start(&["tasks::divide_by_zero"]);
    runner.wait_for("Sent email to admins");
    assert_eq!(runner.stop(), Some(0));
    let text = logs(&place, &["divide_by_zero", "-n", "1"]);
    assert!(text.contains("attempt to divide by zero\n"), "{text}");
    assert!(text.contains("divide_by_zero.rs"), "{text}");
}

#[test]
fn what_moves_a_cursor_is_not_passed_on() {
    let place = Place::with(
        "[tasks.a]\nshell = \"printf '\\\\033[31mred\\\\033[0m\\\\ta\\\\r\\\\007\\\\n\\\\033]0;title\\\\007end\\\\n'\"\n",
    );
    ran(&place, 1);
    let text = logs(&place, &["a"]);
    assert!(text.contains("red\ta\nend\n"), "{text:?}");
    assert!(!text.contains(['\x1b', '\x07', '\r']), "{text:?}");
}

fn follow(place: &Place) -> Child {
    let mut command = place.command(&["logs", "-f", "tasks::a"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn following_shows_each_run_once_as_it_ends() {
    let place = Place::with(COUNTS);
    // It is there before the chain ever ran.
    let mut follower = follow(&place);
    let mut said = BufReader::new(follower.stderr.take().unwrap());
    let mut waits = String::new();
    said.read_line(&mut waits).unwrap();
    assert_eq!(waits, "Nothing yet; waiting for a run to end\n");
    let runner = place.start(&["tasks::a"]);
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut numbers = Vec::new();
    while numbers.len() < 5 {
        let line = lines.next().expect("it goes on").unwrap();
        numbers.extend(line.strip_prefix("this is number ").map(str::to_owned));
    }
    assert_eq!(numbers, ["1", "2", "3", "4", "5"]);
    kill(Pid::from_raw(follower.id().cast_signed()), Signal::SIGINT).unwrap();
    assert!(!follower.wait().unwrap().success());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn following_ends_when_nobody_reads_any_more() {
    let place = Place::with(COUNTS);
    ran(&place, 1);
    let mut follower = follow(&place);
    let mut lines = BufReader::new(follower.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    drop(lines);
    let mut status = None;
    assert!(eventually(|| {
        status = follower.try_wait().unwrap();
        status.is_some()
    }));
    assert_eq!(status.unwrap().code(), Some(0));
}

#[test]
fn nobody_waits_for_a_task_that_there_is_not() {
    let place = Place::with(COUNTS);
    ran(&place, 1);
    let output = place.run(&["logs", "-f", "tasks::aa"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("`tasks::a`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_output_that_is_gone_is_said_to_be() {
    let place = Place::with(COUNTS);
    ran(&place, 1);
    for file in fs::read_dir(place.path("run/a.history")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "out") {
            fs::write(path, "").unwrap();
        }
    }
    let text = logs(&place, &["a"]);
    assert!(text.contains("no longer there"), "{text}");
}
