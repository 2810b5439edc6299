//! Where `status` and its neighbours are looked at: a terminal that is narrow, a pipe that is closed, a screen that is looked at again.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{TWO, status};
use crate::support::{Place, eventually, on_terminal, stderr, stdout};

#[test]
fn watching_looks_again_until_nobody_reads() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping 1h");
    let mut command = place.command(&["status", "--watch"]);
    let mut watcher = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watcher.stdout.take().unwrap()).lines();
    let mut next = || {
        lines
            .by_ref()
            .find(|line| line.as_ref().unwrap().starts_with("b: "))
            .unwrap()
            .unwrap()
    };
    assert!(next().contains("sleeping"), "it looks at once");
    assert_eq!(runner.stop(), Some(0));
    while !next().contains("not running") {}
    drop(lines);
    let mut ended = None;
    assert!(eventually(|| {
        ended = watcher.try_wait().unwrap();
        ended.is_some()
    }));
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[test]
fn colours_are_given_when_asked_for_and_not_under_no_color() {
    let place = Place::with(TWO);
    let runner = place.start(&["tasks::b"]);
    runner.wait_for("Sleeping 1h");
    let coloured = |args: &[&str]| stdout(&status(&place, args)).contains('\x1b');
    assert!(coloured(&["--color", "always"]));
    assert!(!coloured(&[]) && !coloured(&["--color", "never"]));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_narrow_terminal_is_not_overrun() {
    let place = Place::with(TWO);
    place.write("bad", "");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 30);
    assert_eq!(runner.stop(), Some(0));
    for columns in [80, 40, 20, 5] {
        for args in [
            &["status"][..],
            &["history"],
            &["history", "--plot"],
            &["report"],
        ] {
            let mut command = place.command(args);
            command.env("NO_COLOR", "1");
            let (_, lines) = on_terminal(command, columns);
            assert!(lines.len() > 3, "{args:?}: {lines:?}");
            let most = usize::from(columns).max(if args.contains(&"--plot") { 45 } else { 0 });
            for line in lines {
                let line = line.trim_end();
                // Half a command helps nobody.
                let is_to_be_typed = ["  start it with `", "  or have it forgotten: rm "];
                if is_to_be_typed.iter().any(|start| line.starts_with(start)) {
                    continue;
                }
                assert!(line.chars().count() <= most, "{columns}: `{line}`");
                assert!(!line.contains('\x1b'), "{line}");
            }
        }
    }
}

#[test]
fn long_lines_of_other_commands_go_on_below_where_they_began() {
    let place = Place::with(TWO);
    place.write("bad", "");
    for columns in [80, 40] {
        for args in [
            &["check", "tasks::a", "tasks::b"][..],
            &["list"],
            &["simulate", "tasks::a"],
            &["mail", "queue"],
        ] {
            let (code, lines) = on_terminal(place.command(args), columns);
            assert_eq!(code, Some(0));
            for line in lines {
                let line = line.trim_end();
                // A path stays whole, wherever the temporary directory is.
                let text = line.trim_start().rsplit("  ").next().unwrap();
                let is_word = !text.contains(' ');
                assert!(
                    is_word || line.chars().count() <= usize::from(columns),
                    "{columns} {args:?}: `{line}`"
                );
            }
        }
    }
}

#[test]
fn a_closed_pipe_changes_no_verdict() {
    let place = Place::with(TWO);
    let output = place.run_into_closed_pipe(&["status"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}
