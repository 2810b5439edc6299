//! STUCK and "still running": what is due though no run ends.

use super::*;
use crate::alert::policy::WarnAfter;

/// Fails every `pause` for so long, and returns at which second after the first failure mails came.
fn seconds_of_mails(desk: &mut Desk, pause: Duration, span: Duration) -> Vec<u64> {
    let start = desk.now.mono;
    while desk.now.mono < start + span {
        desk.fail("A");
        desk.sleep(0, pause);
    }
    desk.inbox
        .iter()
        .map(|alert| alert.at.mono.since(start).as_secs())
        .collect()
}

#[test]
fn the_worked_example_of_the_origin_holds() {
    let mut desk = Desk::of(3 * SEC);
    let seconds = seconds_of_mails(&mut desk, SEC, 10 * SEC);
    assert_eq!(desk.mails(), "first downtime×1 again×2 again×3");
    assert_eq!(seconds, [0, 3, 6, 9]);
}

#[test]
fn a_reminder_comes_during_a_long_cooldown() {
    let mut desk = Desk::of(6 * HOUR);
    let seconds = seconds_of_mails(&mut desk, 48 * HOUR, 48 * HOUR);
    let hours: Vec<u64> = seconds.iter().map(|seconds| seconds / 3600).collect();
    assert_eq!(hours, [0, 6, 12, 18, 24, 30, 36, 42]);
    assert!(seconds.iter().all(|seconds| seconds % 3600 == 0));
}

#[test]
fn a_reminder_comes_during_a_hanging_run() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    let outage = desk.now.mono;
    desk.sleep(0, MINUTE);
    desk.begin(0);
    desk.pass(HOUR + MINUTE);
    assert_eq!(desk.mails(), "first running downtime×1");
    let late = desk.last().at.mono.since(outage + HOUR);
    assert!(late <= GRACE, "{late:?}");
}

#[test]
fn a_run_that_is_due_within_five_seconds_decides_first() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.sleep(0, HOUR + 4 * SEC);
    desk.succeed();
    assert_eq!(desk.mails(), "first");
    desk.pass(HOUR);
    desk.fail("A");
    desk.sleep(0, HOUR + 4 * SEC);
    desk.fail("A");
    assert_eq!(desk.mails(), "first downtime×1");
    assert_eq!(desk.last().outage.as_ref().unwrap().failures, 2);
}

#[test]
fn a_run_that_was_to_decide_and_hangs_delays_by_five_seconds_only() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    let due = desk.now.mono + HOUR;
    desk.sleep(0, HOUR + 4 * SEC);
    desk.begin(0);
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "first downtime×1");
    assert_eq!(desk.last().at.mono, due + GRACE);
}

#[test]
fn a_run_of_another_task_decides_nothing() {
    let mut desk = Desk::of_tasks(&[HOUR, HOUR]);
    desk.fail("A");
    let due = desk.now.mono + HOUR;
    desk.sleep(1, HOUR + SEC);
    assert_eq!(desk.mails(), "first downtime×1");
    assert_eq!(desk.last().at.mono, due);
}

#[test]
fn new_comes_before_the_reminder_which_follows() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.sleep(0, HOUR + 2 * SEC);
    desk.fail("B");
    assert_eq!(desk.mails(), "first new");
    desk.sleep(0, HOUR);
    assert_eq!(desk.mails(), "first new downtime×1");
}

#[test]
fn missed_reminders_are_one_and_the_schedule_stays() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    let outage = desk.now.mono;
    desk.suspend(5 * HOUR + 30 * MINUTE);
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "first again×5");
    desk.pass(40 * MINUTE);
    assert_eq!(desk.mails(), "first again×5 again×6");
    assert_eq!(desk.last().at.mono.since(outage), 6 * HOUR);
}

#[test]
fn after_a_suspend_the_run_that_is_due_decides_first() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.policy.sleeping(0, desk.now.mono + MINUTE);
    desk.suspend(8 * HOUR);
    desk.pass(SEC);
    desk.succeed();
    desk.pass(HOUR);
    assert_eq!(desk.mails(), "first");
}

#[test]
fn a_second_outage_says_reached_not_again() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.pass(2 * HOUR + SEC);
    desk.succeed();
    desk.fail("A");
    desk.pass(HOUR + SEC);
    assert_eq!(desk.mails(), "first downtime×1 again×2 downtime×1");
}

#[test]
fn a_run_that_goes_on_and_on_is_mailed_once() {
    let mut desk = Desk::of(6 * HOUR);
    desk.begin(0);
    let started = desk.now;
    desk.pass(100 * HOUR);
    assert_eq!(desk.mails(), "running");
    assert_eq!(desk.last().at.mono, started.mono + 10 * MINUTE);
    assert_eq!(desk.last().running_since, Some(started));
    assert!(desk.last().run.is_some() && desk.last().outage.is_none());
}

#[test]
fn ten_times_as_long_as_usual_is_too_long() {
    let mut desk = Desk::of(6 * HOUR);
    for _ in 0..20 {
        desk.begin(0);
        desk.pass(5 * MINUTE);
        desk.end(0, RunOutcome::Success);
    }
    desk.begin(0);
    desk.pass(49 * MINUTE);
    assert_eq!(desk.mails(), "");
    desk.pass(2 * MINUTE);
    assert_eq!(desk.mails(), "running");
}

#[test]
fn runs_that_are_always_too_long_are_not_mailed_more_often_than_reminders() {
    let mut desk = Desk::of(6 * HOUR);
    let (mut tasks, chain) = desk.rules.clone();
    tasks[0].warn_after = WarnAfter::Fixed(SEC);
    desk = Desk::with(tasks, chain);
    for _ in 0..24 * 60 {
        desk.begin(0);
        desk.pass(50 * SEC);
        desk.end(0, RunOutcome::Success);
        desk.sleep(0, 10 * SEC);
    }
    assert_eq!(desk.mails(), "running running running running");
}

#[test]
fn downtimes_of_any_size_do_no_harm() {
    for nrd in [Duration::ZERO, Duration::MAX] {
        let mut desk = Desk::of(nrd);
        desk.fail("A");
        desk.pass(10 * MS);
        desk.fail("B");
        desk.succeed();
        assert!(desk.mails().starts_with("first "), "{}", desk.mails());
    }
}
