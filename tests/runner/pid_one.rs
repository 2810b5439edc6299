//! The runner as the first process of a container: it hears TERM, and takes away what dies as an orphan.

use std::fs;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Place, Runner, eventually};

/// A runner that is pid 1 of a namespace of its own.
struct Container {
    /// `unshare`, which ends as the runner ends.
    outside: Runner,
    /// The runner, by its number outside.
    runner: Pid,
}

impl Container {
    fn command(place: &Place, args: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_run_functions");
        // The first process of a container leads a session, as does whatever `docker exec` starts.
        let mut unshare = vec!["--pid", "--fork", "--mount-proc", "setsid", binary];
        unshare.extend(args);
        place.command_of("unshare".as_ref(), &unshare)
    }

    fn start(place: &Place, args: &[&str]) -> Self {
        let outside = Runner::start(Container::command(place, args));
        outside.wait_for("Wrote pidfile");
        let runner = children(outside.pid().cast_signed());
        let [(runner, _)] = runner[..] else {
            panic!("not one child of unshare: {runner:?}");
        };
        Container {
            outside,
            runner: Pid::from_raw(runner),
        }
    }

    /// Runs a shell inside, as `docker exec` would.
    fn execute(&self, place: &Place, script: &str) {
        let mut command = Command::new("nsenter");
        // In another mount namespace it stands at the top.
        command.env("PLACE", place.dir());
        command.args(["--target", &self.runner.to_string(), "--pid", "--mount"]);
        let status = command
            .args(["setsid", "sh", "-c", script])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits until it has no child, neither alive nor dead.
    #[track_caller]
    fn has_no_child_left(&self) {
        let runner = self.runner.as_raw();
        let none = eventually(|| children(runner).is_empty());
        assert!(none, "{:?}\n{}", children(runner), self.outside.log());
    }

    #[track_caller]
    fn stop(mut self) {
        kill(self.runner, Signal::SIGTERM).unwrap();
        assert_eq!(self.outside.wait_for_end(), Some(0));
    }
}

/// Returns the children of a process, each with the letter of its state.
fn children(parent: i32) -> Vec<(i32, String)> {
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may contain anything.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let (state, of) = (fields.next()?, fields.next()?);
        (of == parent.to_string()).then(|| (pid, state.to_owned()))
    })
    .collect()
}

#[test]
#[ignore = "needs root and util-linux"]
fn term_ends_it_though_no_signal_has_a_default_there() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let container = Container::start(&place, &["tasks::a"]);
    container.outside.wait_for("Sleeping 1day");
    assert_eq!(place.read("run/a.pid").trim(), "1");
    container.stop();
}

#[test]
#[ignore = "needs root and util-linux"]
fn term_lets_a_running_task_finish() {
    let place = Place::with(
        "[tasks.a]\nshell = \"echo > begun; while ! test -e go; do sleep 0.05; done; echo > done\"\n",
    );
    let container = Container::start(&place, &["tasks::a"]);
    assert!(eventually(|| !place.read("begun").is_empty()));
    kill(container.runner, Signal::SIGTERM).unwrap();
    container.outside.wait_for("SIGTERM received");
    assert!(place.read("done").is_empty());
    place.write("go", "now");
    let mut outside = container.outside;
    assert_eq!(outside.wait_for_end(), Some(0));
    assert!(!place.read("done").is_empty());
}

#[test]
#[ignore = "needs root and util-linux"]
fn an_orphan_that_dies_while_it_sleeps_is_taken_away() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let container = Container::start(&place, &["tasks::a"]);
    container.outside.wait_for("Sleeping 1day");
    // The first is an orphan before it ends.
    container.execute(
        &place,
        "(sh -c 'while ! test -e $PLACE/go; do sleep 0.05; done' &)",
    );
    let orphan = eventually(|| !children(container.runner.as_raw()).is_empty());
    assert!(orphan, "no orphan came to the runner");
    container.execute(
        &place,
        "for i in 1 2 3; do (true &); done; echo > $PLACE/go",
    );
    container.has_no_child_left();
    container.stop();
}

#[test]
#[ignore = "needs root and util-linux"]
fn what_tasks_leave_behind_is_taken_away() {
    let place = Place::with(
        "[defaults]\nsuccess_cooldown = \"10ms\"\n\
         [tasks.a]\nshell = \"for i in 1 2 3; do (setsid sleep 0.05 &); done\"\nleak = \"allow\"\n\
         [tasks.b]\nshell = \"(setsid sleep 1000 &)\"\n",
    );
    let container = Container::start(&place, &["tasks::a", "tasks::b"]);
    container
        .outside
        .wait_for_count("[tasks::a] Execution successful", 5);
    let dead = || {
        let mut children = children(container.runner.as_raw());
        children.retain(|(_, state)| state == "Z");
        children.len()
    };
    // Some are always about to be taken away; they do not become more.
    assert!(eventually(|| dead() < 4), "{}", dead());
    container.stop();
}

#[test]
#[ignore = "needs root and util-linux"]
fn another_container_with_the_same_volume_refuses_to_start() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let container = Container::start(&place, &["tasks::a"]);
    container.outside.wait_for("Sleeping 1day");
    let mut other = Runner::start(Container::command(&place, &["tasks::a"]));
    assert_eq!(other.wait_for_end(), Some(75), "{}", other.log());
    assert_eq!(container.outside.count("SIGTERM"), 0);
    container.stop();
}

#[test]
#[ignore = "needs root and util-linux"]
fn what_a_person_starts_beside_it_is_not_a_leak_of_the_running_task() {
    let place = Place::with("[tasks.a]\nscript = \"task.sh\"\nsuccess_cooldown = \"1day\"\n");
    place.write(
        "task.sh",
        "#!/bin/sh\n(setsid sleep 1000 &)\n: > begun; while ! test -e go; do sleep 0.05; done\n",
    );
    let container = Container::start(&place, &["tasks::a"]);
    assert!(eventually(|| place.path("begun").exists()));
    container.execute(&place, "(setsid sleep 7777 &)");
    let named = |word: &str| {
        let of_runner = children(container.runner.as_raw());
        let lives = |(pid, _): &(i32, String)| {
            fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(word))
        };
        of_runner.iter().any(lives)
    };
    assert!(eventually(|| named("7777") && named("1000")));
    place.write("go", "");
    container.outside.wait_for("Sleeping 1day");
    assert!(named("7777"), "{}", container.outside.log());
    assert!(!named("1000"), "{}", container.outside.log());
    container
        .outside
        .wait_for("the run left processes behind, which were killed: `sleep`");
    container.stop();
}
