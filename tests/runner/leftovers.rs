//! What a runner that was killed has left running is ended by the next one, however it hides; no other process is, also when it holds the lock.

use std::fs;
use std::process::{Child, Command};

use crate::support::processes::is_alive;
use crate::support::{Place, Runner, eventually};
use nix::sys::signal::Signal;

/// A task that has a child in its session, and waits for it.
fn with_child(child: &str) -> Place {
    Place::with(&format!(
        "[tasks.a]\nshell = '''\necho run >> runs\n[ -e second ] && exit 0\n{child} &\necho $! > child; wait\n'''\n\
         success_cooldown = \"1day\"\nfail_cooldown = \"10ms\"\n"
    ))
}

fn pid_in(place: &Place, name: &str) -> i32 {
    assert!(eventually(|| place.read(name).ends_with('\n')));
    place.read(name).trim().parse().unwrap()
}

/// Kills the runner while its task runs; returns the child of the task, which lives on.
fn killed_under_its_task(place: &Place) -> i32 {
    let mut runner = place.start(&["tasks::a"]);
    let child = pid_in(place, "child");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    assert!(is_alive(child), "it ended with its runner");
    place.write("second", "");
    child
}

#[test]
fn a_child_that_has_closed_all_it_inherited_is_ended_by_the_next_runner() {
    for child in [
        "sleep 1000 3>&-",
        "env -i sleep 1000 3>&-",
        "sh -c 'flock -u 3; exec sleep 1000'",
    ] {
        let place = with_child(child);
        let left = killed_under_its_task(&place);
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("Sleeping 1day");
        assert!(!is_alive(left), "{child} runs on: {}", runner.log());
        runner.wait_for(&format!(
            "Killed what the former runner had left running: {left}"
        ));
        assert_eq!(place.read("runs"), "run\nrun\n");
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn a_child_in_a_session_of_its_own_is_ended_by_its_lock() {
    let place = with_child("setsid sh -c 'echo $$ > own; exec env -i sleep 1000'");
    killed_under_its_task(&place);
    let left = pid_in(&place, "own");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert!(!is_alive(left), "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_child_in_a_session_of_its_own_that_has_closed_all_it_inherited_is_ended() {
    let place = with_child("setsid sh -c 'echo $$ > own; exec sleep 1000' 3>&-");
    killed_under_its_task(&place);
    let left = pid_in(&place, "own");
    // Another run of the same chain, or a run of another one, has other variables.
    let others = [("a", "another"), ("b", "")].map(|(chain, run)| {
        let mut other = Command::new("sleep");
        other.arg("1000").env("RUN_FUNCTIONS_CHAIN", chain);
        Stranger(other.env("RUN_FUNCTIONS_RUN_ID", run).spawn().unwrap())
    });
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert!(!is_alive(left), "{}", runner.log());
    assert!(others.iter().all(|other| is_alive(other.pid())));
    assert_eq!(place.read("runs"), "run\nrun\n");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_descriptor_that_tasks_inherit_is_read_only() {
    let place = Place::with(
        "[tasks.a]\nshell = \"if echo x >&3; then echo written; else echo refused; fi > result\"\nsuccess_cooldown = \"1day\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert_eq!(place.read("result"), "refused\n");
    assert_eq!(runner.stop(), Some(0));
}

/// A process that holds the lock as one does to which a task sent its descriptor.
struct Stranger(Child);

impl Stranger {
    fn holding(place: &Place) -> Self {
        let script = "exec 9<run/a.task && flock -s 9 && : > held && exec sleep 1000";
        let mut shell = Command::new("sh");
        let stranger = shell.args(["-c", script]).current_dir(place.dir());
        let stranger = Stranger(stranger.spawn().unwrap());
        assert!(eventually(|| place.path("held").exists()));
        stranger
    }

    fn pid(&self) -> i32 {
        self.0.id().cast_signed()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_refused_for(stranger: &Stranger, mut runner: Runner) {
    assert_eq!(runner.wait_for_end(), Some(75), "{}", runner.log());
    assert!(is_alive(stranger.pid()), "it was killed: {}", runner.log());
    let pid = stranger.pid();
    runner.wait_for(&format!(
        "a process that belongs to no run of this chain holds the in-flight lock: {pid} (s"
    ));
    runner.wait_for("or remove `");
}

#[test]
fn a_stranger_that_holds_the_lock_is_named_and_left_alone() {
    let place = with_child("true");
    place.write("second", "");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert_eq!(runner.stop(), Some(0));
    let stranger = Stranger::holding(&place);
    is_refused_for(&stranger, place.start(&["tasks::a"]));
    fs::remove_file(place.path("run/a.task")).unwrap();
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert!(is_alive(stranger.pid()));
    assert_eq!(runner.stop(), Some(0));
}

/// Returns when a process began, in hundredths of a second since boot (field 22 of proc_pid_stat(5)).
fn start_ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(19).unwrap().parse().unwrap()
}

fn ticks_now() -> u64 {
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    let seconds = uptime.split_whitespace().next().unwrap();
    seconds.replace('.', "").parse().unwrap()
}

#[test]
fn a_stranger_that_is_older_than_the_run_is_left_alone_when_the_run_is_ended() {
    let place = with_child("sleep 1000");
    place.write("second", "");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    fs::remove_file(place.path("second")).unwrap();
    // It shares the lock with the runner, as if it had got the descriptor from a task.
    let stranger = Stranger::holding(&place);
    // What begins in the same tick of the clock is no older.
    let begun = start_ticks(stranger.pid());
    assert!(eventually(|| ticks_now() > begun));
    runner.signal(Signal::SIGUSR2);
    let left = pid_in(&place, "child");
    let mut runner = runner;
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    is_refused_for(&stranger, place.start(&["tasks::a"]));
    assert!(eventually(|| !is_alive(left)));
}
