//! What is dead when the deadline of a keeper has come, and when its runner is gone.

use std::fs;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use run_functions::__internal::{Leak, Outcome, now};

use super::keeper::{FAR, MARGIN, deadline, kept, start};
use crate::cgroup::delegate;
use crate::child_support::cgroup::Inside;
use crate::child_support::kept_runner::{KeptRunner, Part, is_played};
use crate::child_support::processes::is_alive;
use crate::child_support::{self, is_alone, is_success, pid_in, wait_until};
use crate::fork_bombs::bombs;

/// What all ends at a deadline have in common.
fn dies_in_time(runner: &KeptRunner) {
    let at = runner.deadline();
    let ended = runner.wait_for_the_end_of_the_tree();
    assert!(ended >= at.term_at, "too early");
    assert!(
        ended < at.kill_at + MARGIN,
        "{:?} too late",
        ended.since(at.kill_at)
    );
    // The leader and three others have a handler.
    let asked = runner.read("asked").lines().count();
    assert!(asked >= 4, "{asked} were asked to end");
}

#[test]
fn a_tree_is_dead_at_the_deadline() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let mut runner = KeptRunner::start(a_tree_is_dead_at_the_deadline, Part::Waits);
    let keeper = runner.keeper();
    dies_in_time(&runner);
    assert!(runner.wait());
    assert!(!is_alive(keeper));
    let outcome = runner.read("outcome");
    assert!(outcome.contains("Interrupted"), "{outcome}");
    assert!(
        outcome.contains("by the keeper, at the deadline"),
        "{outcome}"
    );
    assert!(outcome.ends_with(", [], []"), "{outcome}");
}

#[test]
fn a_tree_is_dead_at_the_deadline_though_its_runner_is_stopped() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let test = a_tree_is_dead_at_the_deadline_though_its_runner_is_stopped;
    let mut runner = KeptRunner::start(test, Part::Stops);
    runner.keeper();
    dies_in_time(&runner);
    assert_eq!(runner.read("outcome"), "");
    runner.signal(Signal::SIGCONT);
    assert!(runner.wait());
    let outcome = runner.read("outcome");
    assert!(
        outcome.contains("SIGKILL by the keeper, at the deadline"),
        "{outcome}"
    );
}

#[test]
fn a_tree_dies_with_its_runner_and_the_keeper_goes() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let test = a_tree_dies_with_its_runner_and_the_keeper_goes;
    let mut runner = KeptRunner::start(test, Part::Dies);
    assert!(!runner.wait());
    let keeper = runner.keeper();
    runner.wait_for_the_end_of_the_tree();
    wait_until("the keeper is gone", || !is_alive(keeper));
}

#[test]
fn a_tree_dies_with_its_runner_that_was_stopped_before() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let test = a_tree_dies_with_its_runner_that_was_stopped_before;
    let mut runner = KeptRunner::start(test, Part::WaitsLong);
    let keeper = runner.keeper();
    runner.signal(Signal::SIGSTOP);
    runner.signal(Signal::SIGKILL);
    assert!(!runner.wait());
    runner.wait_for_the_end_of_the_tree();
    wait_until("the keeper is gone", || !is_alive(keeper));
}

#[test]
fn a_runner_ends_the_tree_of_a_keeper_that_was_killed() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let test = a_runner_ends_the_tree_of_a_keeper_that_was_killed;
    let mut runner = KeptRunner::start(test, Part::WaitsLong);
    kill(Pid::from_raw(runner.keeper()), Signal::SIGKILL).unwrap();
    runner.wait_for_the_end_of_the_tree();
    assert!(runner.wait());
    let outcome = runner.read("outcome");
    assert!(outcome.contains("Interrupted"), "{outcome}");
    assert!(
        outcome.contains("the keeper of this runner has died"),
        "{outcome}"
    );
    assert!(outcome.ends_with(", []"), "{outcome}");
}

#[test]
fn a_runner_in_a_function_is_killed_at_the_deadline_with_what_the_function_has_started() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let test = a_runner_in_a_function_is_killed_at_the_deadline_with_what_the_function_has_started;
    let mut runner = KeptRunner::start(test, Part::IsInFunction);
    let keeper = runner.keeper();
    let at = runner.deadline();
    assert!(!runner.wait());
    let ended = runner.wait_for_the_end_of_the_tree();
    assert!(ended >= at.kill_at && ended < at.kill_at + MARGIN);
    wait_until("the keeper is gone", || !is_alive(keeper));
}

/// The bombs of `fork_bombs`, which the keeper alone ends: the runner does nothing meanwhile.
#[test]
#[ignore = "needs root and a pids cgroup (v1)"]
fn a_fork_bomb_is_dead_at_the_deadline() {
    if !is_alone(a_fork_bomb_is_dead_at_the_deadline) {
        return;
    }
    let inside = Inside::new("cgroup", "pids");
    fs::write(inside.path.join("pids.max"), "200").unwrap();
    child_support::pin();
    for bomb in bombs() {
        let keeper = start();
        keeper.set_deadline(Some(deadline(FAR))).unwrap();
        let run = kept(&bomb, &keeper).begin().unwrap();
        let members = || fs::read_to_string(inside.path.join("cgroup.procs")).unwrap();
        wait_until("a bomb", || members().lines().count() > 100);
        let at = deadline(Duration::from_millis(1));
        keeper.set_deadline(Some(at)).unwrap();
        let own = [std::process::id().to_string(), keeper.pid().to_string()];
        wait_until("its end", || members().lines().eq(&own));
        let late = now().mono.since(at.kill_at);
        assert!(late < MARGIN, "{bomb}: {late:?} too late");
        let ended = run.finish().unwrap();
        assert!(
            matches!(ended.outcome, Outcome::Interrupted { .. }),
            "{ended:?}"
        );
    }
}

/// A cgroup also holds processes that descend from no process of the run.
#[test]
#[ignore = "needs root and a writable cgroup2"]
fn all_of_the_cgroup_of_a_run_is_dead_at_the_deadline() {
    if !is_alone(all_of_the_cgroup_of_a_run_is_dead_at_the_deadline) {
        return;
    }
    let inside = Inside::new("cgroup2", "");
    delegate(&inside.path);
    let keeper = start();
    keeper.set_deadline(Some(deadline(FAR))).unwrap();
    let run = kept("exec sleep 1000", &keeper).begin().unwrap();
    let groups = || fs::read_dir(&inside.path).unwrap().flatten();
    let members = || groups().map(|group| group.path().join("cgroup.procs"));
    let of_run =
        || members().find(|file| fs::read_to_string(file).is_ok_and(|pids| !pids.is_empty()));
    wait_until("the run has joined", || of_run().is_some());
    let mut stranger = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    fs::write(of_run().unwrap(), stranger.id().to_string()).unwrap();
    keeper
        .set_deadline(Some(deadline(Duration::from_millis(1))))
        .unwrap();
    assert!(!stranger.wait().unwrap().success());
    let ended = run.finish().unwrap();
    assert!(
        matches!(ended.outcome, Outcome::Interrupted { .. }),
        "{ended:?}"
    );
    drop(keeper);
}

/// With a lock, nothing may outlive it.
#[test]
fn what_a_run_may_leave_lives_on_until_the_deadline() {
    if is_played() {
        return;
    }
    let _turn = child_support::turn();
    let test = what_a_run_may_leave_lives_on_until_the_deadline;
    let mut runner = KeptRunner::start(test, Part::HasLeft);
    runner.deadline();
    assert!(!runner.living().is_empty());
    dies_in_time(&runner);
    fs::write(runner.place.path().join("seen"), "").unwrap();
    assert!(runner.wait());
}

#[test]
fn what_a_run_may_leave_ends_with_the_keeper() {
    let _turn = child_support::turn();
    let keeper = start();
    keeper.set_deadline(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let note = dir.path().join("pid");
    let line = format!("setsid sleep 1000 & echo $! > {}", note.display());
    let child = kept(&line, &keeper).with(|settings| settings.leak = Leak::Allow);
    assert!(is_success(&child.begin().unwrap().finish().unwrap()));
    let left = pid_in(&note).unwrap();
    assert!(is_alive(left));
    drop(child);
    drop(keeper);
    assert!(!is_alive(left));
}
