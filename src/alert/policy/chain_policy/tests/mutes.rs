//! Mutes: what falls due meanwhile is counted, and reported when they end, which they do by
//! themselves.

use super::*;
use crate::alert::failure_kind::FailureKind;
use crate::alert::policy::reason::SilenceReason;
use crate::mute::{
    account::MuteAccount,
    wish::{LONGEST, Mute},
};

const YEARS: Duration = Duration::from_secs(10 * 366 * 86_400);

fn named(alert: &Alert) -> Vec<(&str, u64)> {
    let held = alert.held_back.iter();
    held.map(|held| (held.kind.0.as_str(), held.count))
        .collect()
}

fn told(alert: &Alert) -> &MuteAccount {
    &alert.mutes[0].muted
}

/// Fails every minute for so long.
fn fail_for(desk: &mut Desk, span: Duration) {
    let end = desk.now.mono + span;
    while desk.now.mono < end {
        desk.fail("A");
        desk.sleep(0, MINUTE);
    }
}

#[test]
fn a_task_that_still_fails_at_the_end_is_told_at_once_with_all_that_was_held_back() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(Some(0), 2 * HOUR);
    let end = desk.now.mono + 2 * HOUR;
    for kind in ["A", "A", "B", "C"] {
        desk.fail(kind);
        assert!(matches!(desk.why, Some(SilenceReason::Muted { .. })));
        desk.sleep(0, 25 * MINUTE);
    }
    assert_eq!(desk.mails(), "");
    desk.sleep(0, HOUR);
    assert_eq!(desk.mails(), "first");
    let mail = desk.last();
    assert_eq!((mail.at.mono, mail.text.as_str()), (end, "text of A"));
    assert_eq!(named(mail), [("A", 1), ("B", 1), ("C", 1)]);
    assert_eq!((told(mail).total(), told(mail).over), (3, true));
    desk.fail("B");
    desk.pass(3 * HOUR);
    assert_eq!(desk.mails(), "first", "what was named is known");
    desk.fail("D");
    assert_eq!(desk.mails(), "first new");
    assert!(desk.last().mutes.is_empty(), "it was told once");
}

#[test]
fn the_run_that_is_due_decides_first_whether_anything_is_to_be_told() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, HOUR);
    desk.fail("A");
    desk.sleep(0, HOUR + 3 * SEC);
    assert_eq!(desk.mails(), "");
    desk.succeed();
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "digest");
    assert_eq!(named(desk.last()), [("A", 1)]);
    assert_eq!(desk.last().mutes[0].down_since, None);
}

#[test]
fn a_reminder_that_is_due_is_the_one_mail_at_the_end() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(Some(0), 20 * HOUR);
    fail_for(&mut desk, 21 * HOUR);
    assert_eq!(desk.mails(), "again×3");
    assert_eq!(named(desk.last()), [("A", 1201)]);
    assert_eq!(told(desk.last()).total(), 4, "FIRST, and three reminders");
    fail_for(&mut desk, 4 * HOUR);
    assert_eq!(desk.mails(), "again×3 again×4", "the anchor has not moved");
}

#[test]
fn what_has_healed_meanwhile_is_told_in_one_digest() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.sleep(0, MINUTE);
    desk.mute(Some(0), 3 * HOUR);
    fail_for(&mut desk, 2 * HOUR);
    desk.fail("B");
    desk.succeed();
    desk.pass(2 * HOUR);
    assert_eq!(desk.mails(), "first digest");
    assert_eq!(named(desk.last()), [("B", 1)]);
    assert_eq!(told(desk.last()).total(), 3);
}

#[test]
fn reminders_alone_are_told_too_though_every_kind_is_known() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.mute(None, 5 * HOUR);
    desk.sleep(0, 150 * MINUTE);
    desk.succeed();
    desk.pass(3 * HOUR);
    assert_eq!(desk.mails(), "first digest");
    assert!(desk.last().held_back.is_empty());
    assert_eq!(told(desk.last()).total(), 2);
}

#[test]
fn a_mute_that_held_nothing_back_is_named_in_the_next_mail() {
    let mut desk = Desk::of(HOUR);
    desk.mute(None, HOUR);
    desk.succeed();
    desk.pass(24 * HOUR);
    assert_eq!(desk.mails(), "");
    desk.fail("A");
    assert_eq!(
        (told(desk.last()).total(), told(desk.last()).over),
        (0, true)
    );
    assert_eq!(told(desk.last()).by, "root");
}

#[test]
fn other_tasks_are_as_loud_as_ever() {
    let mut desk = Desk::of_tasks(&[6 * HOUR; 2]);
    desk.rules.0[1].name = TaskName::parse("tasks::b").unwrap();
    desk = Desk::with(desk.rules.0.clone(), desk.rules.1);
    desk.mute(Some(0), HOUR);
    desk.fail_step(0, "A");
    desk.fail_step(1, "A");
    assert_eq!(desk.mails(), "first");
    assert!(desk.last().step == Some(1) && desk.last().mutes.is_empty());
}

#[test]
fn a_hang_is_told_at_the_end_if_it_still_hangs() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 2 * HOUR);
    desk.begin(0);
    desk.pass(90 * MINUTE);
    assert_eq!(
        desk.policy.tasks[0].account().map(MuteAccount::total),
        Some(1)
    );
    desk.pass(HOUR);
    assert_eq!(desk.mails(), "running");
    assert_eq!(told(desk.last()).total(), 1);
}

#[test]
fn healed_comes_when_the_mute_has_ended() {
    let mut desk = Desk::of(HOUR);
    desk.rules.1.healed = Healed::AfterDowntime;
    desk = Desk::with(desk.rules.0.clone(), desk.rules.1);
    desk.fail("A");
    desk.pass(90 * MINUTE);
    desk.mute(None, HOUR);
    desk.succeed();
    desk.pass(50 * MINUTE);
    assert_eq!(desk.mails(), "first downtime×1");
    desk.pass(HOUR);
    assert_eq!(desk.mails(), "first downtime×1 healed");
}

#[test]
fn unmuting_ends_it_at_once() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 24 * HOUR);
    desk.fail("A");
    desk.pass(HOUR);
    desk.unmute();
    let news = desk.policy.take_mute_news();
    assert_eq!(news.last().unwrap().ended, Some(1));
    desk.pass(SEC);
    assert_eq!(desk.mails(), "first");
    let length = told(desk.last())
        .until
        .duration_since(told(desk.last()).from);
    assert_eq!(length.unwrap(), HOUR);
}

#[test]
fn a_task_that_asks_the_runner_to_stop_is_not_muted() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 24 * HOUR);
    desk.fail("A");
    desk.begin(0);
    let kind = FailureKind("B".to_owned());
    desk.end(
        0,
        RunOutcome::Fatal {
            kind: &kind,
            text: "text of B",
        },
    );
    assert_eq!(desk.mails(), "first", "nobody heard of A");
    assert_eq!(named(desk.last()), [("A", 1)]);
    assert_eq!(told(desk.last()).total(), 1);
}

#[test]
fn a_mute_survives_a_crash_a_restart_and_a_reboot() {
    for again in [Desk::crash, Desk::restart, |desk: &mut Desk| {
        desk.reboot(desk.now.wall)
    }] {
        let mut desk = Desk::of(6 * HOUR);
        desk.mute(None, 2 * HOUR);
        fail_for(&mut desk, HOUR);
        again(&mut desk);
        fail_for(&mut desk, 50 * MINUTE);
        assert_eq!(desk.mails(), "");
        fail_for(&mut desk, 11 * MINUTE);
        assert_eq!(desk.mails(), "first");
        let told = told(desk.last()).total();
        assert_eq!((named(desk.last()), told), (vec![("A", 120)], 1));
    }
}

#[test]
fn what_it_held_back_is_told_though_it_ended_while_nobody_was_there() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 2 * HOUR);
    desk.fail("A");
    desk.suspend(4 * HOUR);
    desk.restart();
    desk.succeed();
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "digest");
    let muted = told(desk.last());
    let length = muted.until.duration_since(muted.from).unwrap();
    assert_eq!((muted.over, length), (true, 2 * HOUR));
}

#[test]
fn no_clock_that_is_set_makes_a_mute_longer_and_none_makes_a_burst() {
    for back in [true, false] {
        let mut desk = Desk::of_tasks(&[6 * HOUR; 3]);
        desk.mute(None, 2 * HOUR);
        desk.now.wall = match back {
            true => desk.now.wall - YEARS,
            false => desk.now.wall + YEARS,
        };
        for step in [0, 1, 2] {
            desk.fail_step(step, "A");
        }
        desk.pass(2 * HOUR + MINUTE);
        assert_eq!(desk.mails(), "first first first");
        assert!(!desk.policy.tasks[0].is_muted());
    }
}

#[test]
fn after_a_reboot_a_clock_that_was_set_back_is_not_believed() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 2 * HOUR);
    desk.fail("A");
    desk.reboot(desk.now.wall - YEARS);
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "first");
    desk.mute(None, 2 * HOUR);
    desk.reboot(desk.now.wall + YEARS);
    assert!(!desk.policy.tasks[0].is_muted());
}

#[test]
fn no_clock_that_goes_back_again_and_again_makes_a_mute_longer() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 2 * HOUR);
    desk.reboot(desk.now.wall + MINUTE);
    let begun = desk.now.wall;
    for _ in 0..3 {
        desk.pass(50 * MINUTE);
        desk.now.wall = begun;
    }
    desk.fail("A");
    assert_eq!(desk.mails(), "first");
}

#[test]
fn a_mute_that_begins_ahead_never_holds() {
    let now = Desk::of(HOUR).now;
    let at = |boot: &str, wall: Duration, mono: Duration| Mute {
        task: None,
        from: now.wall + wall,
        until: now.wall + wall + HOUR,
        by: "root".to_owned(),
        reason: String::new(),
        boot: boot.to_owned(),
        made: now.mono + mono,
    };
    for mute in [
        at("two", YEARS, YEARS),
        at("one", YEARS, YEARS),
        at("", SEC, SEC),
    ] {
        assert!(mute.is_ahead(now, "one"));
        assert_eq!(
            (mute.ends(now, "one"), mute.settled(now, "one")),
            (None, None)
        );
    }
    let just_now = at("one", SEC, SEC);
    assert_eq!(just_now.ends(now, "one"), Some(now.mono + HOUR));
}

#[test]
fn nothing_is_longer_than_thirty_days_whatever_a_file_says() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, YEARS);
    desk.pass(LONGEST - SEC);
    assert!(desk.policy.tasks[0].is_muted());
    desk.pass(2 * SEC);
    assert!(!desk.policy.tasks[0].is_muted());
}

#[test]
fn a_muted_runner_that_is_well_is_not_woken_but_for_the_end() {
    let mut desk = Desk::of(6 * HOUR);
    desk.mute(None, 48 * HOUR);
    let end = desk.now.mono + 48 * HOUR;
    desk.succeed();
    assert_eq!(desk.policy.due(), end);
    desk.pass(72 * HOUR);
    assert_eq!(desk.policy.due(), Mono::NEVER);
}

#[test]
fn who_asks_for_later_while_muted_is_told_at_the_end() {
    let mut desk = Desk::of(HOUR);
    desk.mute(None, 3 * HOUR);
    for _ in 0..200 {
        desk.retry_later();
        desk.sleep(0, MINUTE);
    }
    assert_eq!(desk.mails(), "again×3");
    assert!(desk.last().only_asks());
    assert_eq!(told(desk.last()).total(), 3 - 1);
}
