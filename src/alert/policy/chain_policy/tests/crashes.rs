//! Crashes, reboots, and clocks that cannot be believed.

use super::*;

const YEARS: Duration = Duration::from_secs(10 * 366 * 86_400);

#[test]
fn a_crash_loop_mails_nothing_extra() {
    let mut desk = Desk::of(6 * HOUR);
    for _ in 0..720 {
        desk.fail("A");
        desk.sleep(0, 5 * MINUTE);
        desk.crash();
    }
    assert_eq!(desk.inbox.len(), 10, "{}", desk.mails());
}

#[test]
fn a_runner_that_always_crashes_before_its_first_run_reminds_nevertheless() {
    let mut desk = Desk::of(6 * HOUR);
    desk.fail("A");
    for _ in 0..8 * 3600 / 3 {
        desk.pass(3 * SEC);
        desk.crash();
    }
    assert_eq!(desk.mails(), "first downtime×1");
}

#[test]
fn after_a_crash_the_first_run_decides_about_what_became_due_meanwhile() {
    let mut desk = Desk::of(6 * HOUR);
    desk.fail("A");
    desk.suspend(6 * HOUR + MINUTE);
    desk.crash();
    desk.pass(SEC);
    desk.succeed();
    assert_eq!(desk.mails(), "first");
}

#[test]
fn a_power_cut_does_not_move_the_schedule() {
    let mut desk = Desk::of(6 * HOUR);
    desk.fail("A");
    desk.pass(2 * HOUR);
    desk.reboot(desk.now.wall + 3 * HOUR);
    desk.fail("A");
    desk.sleep(0, HOUR);
    desk.fail("A");
    assert_eq!(desk.mails(), "first downtime×1");
}

#[test]
fn after_a_reboot_with_a_wrong_clock_there_is_one_mail_at_most_and_silence_for_one_downtime_at_most()
 {
    for (forward, wall) in [(true, YEARS), (false, YEARS)] {
        let mut desk = Desk::of(6 * HOUR);
        for kind in ["A", "B", "C", "D", "E", "F", "G"] {
            desk.fail(kind);
            desk.sleep(0, SEC);
        }
        let before = desk.inbox.len();
        let now = desk.now.wall;
        desk.reboot(if forward { now + wall } else { now - wall });
        let start = desk.now.mono;
        for number in 0..360 {
            desk.fail(&format!("after {number}"));
            desk.sleep(0, MINUTE);
        }
        let after = &desk.inbox[before..];
        let early = after
            .iter()
            .filter(|alert| alert.at.mono < start + 5 * HOUR);
        assert!(early.count() <= 2, "a burst: {}", desk.mails());
        assert!(!after.is_empty(), "silence: {}", desk.mails());
    }
}

#[test]
fn the_wall_clock_of_a_running_machine_means_nothing() {
    let mut desk = Desk::of(6 * HOUR);
    for hour in 0..60 {
        desk.fail("A");
        desk.sleep(0, HOUR);
        match hour % 4 {
            0 => desk.now.wall += YEARS,
            2 => desk.now.wall -= YEARS,
            _ => {}
        }
        desk.crash();
    }
    assert_eq!(desk.inbox.len(), 10, "{}", desk.mails());
}
