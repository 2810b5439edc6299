//! However a run ends, nothing of it is left: when it finishes, is timed out, is stopped with its runner, is replaced, or its runner is
//! killed with -9. With the real runner, and every way in which a child tries to get away.

use crate::support::limits::{with_time_enough, words};
use crate::support::processes::is_alive;
use crate::support::{Place, Runner, eventually};
use nix::sys::signal::Signal;

/// The ways to get away. `$1` is the file that each one notes its number in.
const ESCAPES: [(&str, &str); 8] = [
    ("a child in the background", "./sleeper bg &"),
    ("nohup", "nohup ./sleeper nohup > /dev/null 2>&1 &"),
    ("a session of its own", "setsid ./sleeper setsid &"),
    ("two forks and a session", "(setsid ./sleeper twice &) &"),
    (
        "closed input and output",
        "setsid ./sleeper closed <&- >&- 2>&- &",
    ),
    (
        "another environment",
        "setsid env -i PATH=\"$PATH\" ./sleeper environment &",
    ),
    ("deaf to TERM", "setsid ./deaf deaf &"),
    (
        "deaf, in the background of a subshell",
        "( (./deaf subshell &) )",
    ),
];

const SLEEPER: &str = "#!/bin/sh\necho $$ > pids/$1\nexec sleep 1000\n";
const DEAF: &str = "#!/bin/sh\ntrap '' TERM INT HUP\necho $$ > pids/$1\nexec sleep 1000\n";

/// A place with a task that lets processes get away by every way, and then does `last`.
fn place(last: &str, settings: &str) -> Place {
    let place = Place::with(&format!(
        "stop_timeout = \"50ms\"\nkill_grace = \"100ms\"\n[tasks.a]\nscript = \"task\"\nsuccess_cooldown = \"1day\"\nfail_cooldown = \"1day\"\n{settings}\n"
    ));
    let lines: Vec<&str> = ESCAPES.iter().map(|(_, line)| *line).collect();
    let all = ESCAPES.len();
    // It is not silent before all got away.
    let wait = format!(
        "until [ $(cat pids/* 2>/dev/null | wc -l) = {all} ]; do echo waits; sleep 0.02; done"
    );
    let task = format!("#!/bin/sh\n{}\n{wait}\n{last}\n", lines.join("\n"));
    place.write("task", task);
    for (name, script) in [("sleeper", SLEEPER), ("deaf", DEAF)] {
        place.write(name, script);
        place.set_mode(name, 0o755);
    }
    std::fs::create_dir(place.path("pids")).unwrap();
    place
}

const STAYS: &str = "echo $$ > pids/leader; exec sleep 1000";

/// Waits until the task has let all get away, and returns them with the leader.
#[track_caller]
fn pids(place: &Place, runner: &Runner) -> Vec<(String, i32)> {
    let all = || begun(place).len() == ESCAPES.len() + 1;
    assert!(
        eventually(all),
        "only {:?} began:\n{}",
        begun(place),
        runner.log()
    );
    begun(place)
}

/// Returns those that have noted their number, with their names.
fn begun(place: &Place) -> Vec<(String, i32)> {
    let entries = std::fs::read_dir(place.path("pids")).unwrap().flatten();
    let pid = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let text = place.read(&format!("pids/{name}"));
        Some((name, text.strip_suffix('\n')?.parse().ok()?))
    };
    entries.filter_map(pid).collect()
}

#[track_caller]
fn assert_nothing_is_left(pids: &[(String, i32)], runner: &Runner) {
    let left: Vec<_> = pids.iter().filter(|(_, pid)| is_alive(*pid)).collect();
    assert!(left.is_empty(), "{left:?} got away:\n{}", runner.log());
}

#[test]
fn nothing_is_left_of_a_run_that_finished() {
    let place = place("echo $$ > pids/leader; exit 0", "");
    let runner = place.start(&["tasks::a"]);
    let pids = pids(&place, &runner);
    runner.wait_for("Sleeping 1day");
    assert_nothing_is_left(&pids, &runner);
    runner.wait_for("the run left processes behind, which were killed");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn nothing_is_left_of_a_run_that_was_silent_for_too_long() {
    let place = place(STAYS, "silence_timeout = \"2s\"");
    let runner = place.start(&["tasks::a"]);
    let pids = pids(&place, &runner);
    runner.wait_for("Execution failed: printed nothing for 2s");
    runner.wait_for("Sleeping 1day");
    assert_nothing_is_left(&pids, &runner);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn nothing_is_left_of_a_run_that_was_stopped_with_its_runner() {
    for signals in [
        &[Signal::SIGTERM][..],
        &[Signal::SIGINT; 3],
        &[Signal::SIGQUIT],
    ] {
        let place = place(STAYS, "");
        let mut runner = place.start(&["tasks::a"]);
        let pids = pids(&place, &runner);
        for signal in signals {
            let _ = nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(runner.pid().cast_signed()),
                *signal,
            );
        }
        let code = runner.wait_for_end();
        assert_eq!(
            code,
            Some(if signals[0] == Signal::SIGQUIT {
                131
            } else {
                0
            })
        );
        assert_nothing_is_left(&pids, &runner);
    }
}

#[test]
fn nothing_is_left_of_the_run_of_a_runner_that_was_replaced() {
    let place = place(STAYS, "");
    let mut old = place.start(&["tasks::a"]);
    let pids = pids(&place, &old);
    place.configure("[tasks.a]\nshell = \"echo second > second\"\nsuccess_cooldown = \"1day\"\n");
    let new = place.start(&["tasks::a"]);
    assert_eq!(old.wait_for_end(), Some(0));
    new.wait_for("Sleeping 1day");
    assert_nothing_is_left(&pids, &old);
    assert_eq!(new.count("Killed what the former runner"), 0);
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn the_next_runner_ends_what_a_killed_one_left_before_it_starts_a_copy() {
    let place = place(STAYS, "");
    let mut old = place.start(&["tasks::a"]);
    let pids = pids(&place, &old);
    old.signal(Signal::SIGKILL);
    old.wait_for_status();
    let looks = "for pid in $(cat pids/*); do test -d /proc/$pid && ! grep -q ') Z' /proc/$pid/stat && echo $pid >> copies; done; true";
    place.configure(&format!(
        "[tasks.a]\nshell = \"\"\"{looks}\"\"\"\nsuccess_cooldown = \"1day\"\n"
    ));
    let new = place.start(&["tasks::a"]);
    new.wait_for("Killed what the former runner had left running");
    new.wait_for("Sleeping 1day");
    assert_eq!(
        place.read("copies"),
        "",
        "the task began beside the former copy"
    );
    assert_nothing_is_left(&pids, &new);
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn a_stopped_runner_that_is_replaced_leaves_nothing() {
    let place = place(STAYS, "");
    let mut old = place.start(&["tasks::a"]);
    let pids = pids(&place, &old);
    old.signal(Signal::SIGSTOP);
    place.configure("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let new = place.start(&["tasks::a"]);
    new.wait_for("Sleeping 1day");
    old.wait_for_status();
    assert_nothing_is_left(&pids, &new);
    assert_eq!(new.stop(), Some(0));
}

/// Ends with the test what it was allowed to leave.
struct Allowed(i32);

impl Drop for Allowed {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0), Signal::SIGKILL);
    }
}

#[test]
fn what_is_allowed_to_stay_outlives_its_runner_and_is_no_hindrance_to_the_next() {
    for leak in ["allow", "warn"] {
        let place = Place::with(&format!(
            "[tasks.a]\nshell = \"test -e pid || (setsid sleep 1000 > /dev/null 2>&1 & echo $! > pid)\"\nleak = \"{leak}\"\nsuccess_cooldown = \"1day\"\n"
        ));
        let old = place.start(&["tasks::a"]);
        old.wait_for("Sleeping 1day");
        let allowed = Allowed(place.read("pid").trim().parse().unwrap());
        let mut second = place.start(&["tasks::a"]);
        second.wait_for("Sleeping 1day");
        second.signal(Signal::SIGKILL);
        second.wait_for_status();
        let third = place.start(&["tasks::a"]);
        third.wait_for("what was due is honoured");
        for runner in [&second, &third] {
            assert_eq!(runner.count("Killed what"), 0, "{}", runner.log());
        }
        assert_eq!(third.stop(), Some(0));
        assert!(is_alive(allowed.0), "{leak}: it was ended");
        drop(old);
    }
}

#[test]
fn a_run_that_takes_too_long_is_ended_while_others_of_the_machine_live() {
    let mut witness = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    with_time_enough(|limit| {
        let limit = words(limit * 5);
        let place = place(STAYS, &format!("timeout = \"{limit}\""));
        let runner = place.start(&["tasks::a"]);
        runner.wait_for(&format!("Execution failed: timed out after {limit}"));
        runner.wait_for("Sleeping 1day");
        let pids = begun(&place);
        assert_nothing_is_left(&pids, &runner);
        assert_eq!(runner.stop(), Some(0));
        pids.len() == ESCAPES.len() + 1
    });
    assert!(witness.try_wait().unwrap().is_none(), "an innocent was hit");
    witness.kill().unwrap();
    witness.wait().unwrap();
}
