//! Timeouts, silence, and being asked to stop.
#![cfg(test)]

mod child_support;

use std::time::Duration;

use child_support::{Child, PATIENCE, is_alive, is_success, text};
use run_functions::__internal::{FailureClass, Outcome, now};

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_run_that_takes_too_long_is_ended_and_failed() {
    let child = Child::shell("echo begin; exec sleep 1000").timeout(SHORT);
    let ended = child.run();
    assert_eq!(text(&ended), "timed out after 200ms: begin");
    let failure = ended.outcome.failure().unwrap();
    assert_eq!(failure.class, FailureClass::Timeout(SHORT));
}

#[test]
fn who_ignores_the_signal_is_killed_after_the_grace() {
    let child = Child::shell("trap '' TERM INT HUP; echo deaf; while :; do sleep 0.05; done");
    let child = child.timeout(SHORT).with(|to| to.kill_grace = SHORT);
    let started = now().mono;
    assert_eq!(child.fails(), "timed out after 200ms: deaf");
    assert!(now().mono.since(started) >= SHORT * 2);
}

#[test]
fn the_signal_that_asks_is_the_one_that_is_set() {
    let child = Child::shell("trap 'echo asked; exit 0' USR1; while :; do sleep 0.01; done");
    let child = child.timeout(SHORT).with(|to| {
        to.stop_signal = 10;
        to.kill_grace = PATIENCE;
    });
    assert_eq!(child.fails(), "timed out after 200ms: asked");
}

#[test]
fn a_silent_run_is_ended_with_its_process() {
    let child = Child::shell("echo begin; exec sleep 1000").with(|to| {
        to.silence_timeout = Some(SHORT);
    });
    let running = child.start();
    let pid = running.run.pid();
    let ended = running.finish();
    assert_eq!(text(&ended), "printed nothing for 200ms: begin");
    assert!(!is_alive(pid), "the process still runs");
}

#[test]
fn a_run_that_prints_now_and_then_is_not_silent() {
    let line = "i=0; while [ $i -lt 20 ]; do echo $i; sleep 0.1; i=$((i+1)); done";
    let child = Child::shell(line).with(|to| to.silence_timeout = Some(SHORT * 8));
    assert!(is_success(&child.run()));
}

#[test]
fn a_run_that_is_asked_to_stop_is_neither_success_nor_failure() {
    let child = Child::shell("echo ready; exec sleep 1000");
    let mut running = child.start();
    running.run.terminate(now().mono);
    let ended = running.finish();
    let Outcome::Interrupted { how } = &ended.outcome else {
        panic!("{ended:?}")
    };
    assert!(how.starts_with("SIGTERM after "), "{how}");
}

#[test]
fn a_run_that_is_asked_to_stop_may_finish_its_work() {
    let dir = tempfile::tempdir().unwrap();
    let (begun, done) = (dir.path().join("begun"), dir.path().join("done"));
    let line = format!(
        "trap 'sleep 0.2; echo ok > {}; exit 0' TERM; touch {}; while :; do sleep 0.01; done",
        done.display(),
        begun.display()
    );
    let mut running = Child::shell(&line)
        .start()
        .until("begun", || begun.exists());
    running.run.terminate(now().mono);
    // Repeats change nothing.
    running.run.terminate(now().mono);
    running.finish();
    assert_eq!(std::fs::read_to_string(done).unwrap(), "ok\n");
}

#[test]
fn a_kill_does_not_wait_for_the_grace() {
    let line = "trap '' TERM; echo deaf; while :; do sleep 0.01; done";
    let child = Child::shell(line).with(|to| to.kill_grace = PATIENCE * 100);
    let mut running = child.start();
    running.run.terminate(now().mono);
    running.run.kill(now().mono);
    let ended = running.finish();
    assert!(matches!(ended.outcome, Outcome::Interrupted { .. }));
}

#[test]
fn who_ended_before_its_deadline_was_looked_at_is_not_timed_out() {
    let child = Child::shell("exit 3").timeout(Duration::from_millis(1));
    // Nobody looks until it is a zombie.
    let mut running = child.start();
    let pid = running.run.pid();
    child_support::wait_until("it ended", || !is_alive(pid));
    running.run.terminate(now().mono);
    running.run.kill(now().mono);
    assert_eq!(text(&running.finish()), "exit 3");
}

/// The race between a deadline and an exit, many times over; a stranger with a neighbouring number survives it all.
fn meet(rounds: u32) {
    for round in 0..rounds {
        let line = "exec sleep 0.002";
        let timeout = Duration::from_micros(u64::from(2_000 + round % 20 * 250));
        let child = Child::shell(line).timeout(timeout);
        let child = child.with(|to| to.kill_grace = Duration::ZERO);
        let running = child.start();
        let mut witness = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let ended = running.finish();
        let failed = ended.outcome.failure().map(|failure| failure.class.clone());
        let as_expected = failed.is_none_or(|class| class == FailureClass::Timeout(timeout));
        let alive = witness.try_wait().unwrap().is_none();
        witness.kill().unwrap();
        witness.wait().unwrap();
        assert!(as_expected, "round {round}: {:?}", ended.outcome);
        assert!(alive, "round {round}: the witness was hit");
    }
}

#[test]
fn exits_and_deadlines_that_meet_hurt_nobody_else() {
    meet(200);
}

#[test]
#[ignore = "needs minutes: 10^4 runs"]
fn exits_and_deadlines_that_meet_10000_times_hurt_nobody_else() {
    meet(10_000);
}
