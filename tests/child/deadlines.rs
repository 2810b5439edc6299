//! Timeouts, silence, and being asked to stop.

use std::time::Duration;

use crate::child_support::limits::{with_time_enough, words};
use crate::child_support::processes::is_alive;
use crate::child_support::{self, Child, PATIENCE, is_success, text};
use run_functions::__internal::{FailureClass, Outcome, now};

#[test]
fn a_run_that_takes_too_long_is_ended_and_failed() {
    let line = "echo begin; exec sleep 1000";
    let (ended, limit) = Child::cut_off(line, |child, limit| child.timeout = Some(limit));
    assert_eq!(text(&ended), format!("timed out after {limit}: begin"));
    let failure = ended.outcome.failure().unwrap();
    let FailureClass::Timeout(timeout) = failure.class else {
        panic!("{failure:?}")
    };
    assert_eq!(words(timeout), limit);
}

#[test]
fn who_ignores_the_signal_is_killed_after_the_grace() {
    let line = "trap '' TERM INT HUP; echo deaf; while :; do sleep 0.05; done";
    let mut started = now().mono;
    let (ended, limit) = Child::cut_off(line, |child, limit| {
        (child.timeout, child.settings.kill_grace) = (Some(limit), limit);
        started = now().mono;
    });
    assert_eq!(text(&ended), format!("timed out after {limit}: deaf"));
    let both = humantime::parse_duration(&limit).unwrap() * 2;
    assert!(now().mono.since(started) >= both);
}

#[test]
fn the_signal_that_asks_is_the_one_that_is_set() {
    let line = "trap 'echo asked; exit 0' USR1; echo begun; while :; do sleep 0.01; done";
    let (ended, limit) = Child::cut_off(line, |child, limit| {
        child.timeout = Some(limit);
        child.settings.stop_signal = 10;
        child.settings.kill_grace = PATIENCE;
    });
    assert_eq!(text(&ended), format!("timed out after {limit}: asked"));
}

#[test]
fn a_silent_run_is_ended_with_its_process() {
    let (ended, limit) = Child::cut_off("echo $$; exec sleep 1000", |child, limit| {
        child.settings.silence_timeout = Some(limit);
    });
    let pid: i32 = ended.output().head.trim().parse().unwrap();
    assert_eq!(text(&ended), format!("printed nothing for {limit}: {pid}"));
    assert!(!is_alive(pid), "the process still runs");
}

#[test]
fn a_run_that_prints_now_and_then_is_not_silent() {
    with_time_enough(|limit| {
        let pause = limit / 2;
        let pause_secs = pause.as_secs_f64();
        let line =
            format!("i=0; while [ $i -lt 20 ]; do echo $i; sleep {pause_secs}; i=$((i+1)); done");
        // All of it takes longer than that.
        let child = Child::shell(&line).with(|to| to.silence_timeout = Some(pause * 16));
        is_success(&child.run())
    });
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
    let dir = tempfile::tempdir().unwrap();
    let deaf = dir.path().join("deaf");
    let line = format!(
        "trap '' TERM; touch {}; while :; do sleep 0.01; done",
        deaf.display()
    );
    let child = Child::shell(&line).with(|to| to.kill_grace = PATIENCE * 100);
    let mut running = child.start().until("deaf", || deaf.exists());
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
