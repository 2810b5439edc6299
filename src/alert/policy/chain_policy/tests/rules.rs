//! FIRST, NEW, HEALED, and the reasons for silence.

use super::*;
use crate::alert::policy::WarnAfter;
use crate::alert::policy::reason::SilenceReason;

#[test]
fn the_first_failure_and_each_new_kind_are_mailed_repeats_are_not() {
    let mut desk = Desk::of(6 * HOUR);
    for kind in ["A", "A", "B", "A", "B"] {
        desk.fail(kind);
        desk.sleep(0, SEC);
    }
    assert_eq!(desk.mails(), "first new");
    assert_eq!(desk.inbox[0].text, "text of A");
    assert_eq!(desk.inbox[1].text, "text of B");
}

#[test]
fn failing_and_healing_fifty_times_mails_once() {
    let mut desk = Desk::of(6 * HOUR);
    for _ in 0..50 {
        desk.fail("A");
        desk.sleep(0, MINUTE);
        desk.succeed();
        desk.sleep(0, MINUTE);
    }
    assert_eq!(desk.mails(), "first");
}

#[test]
fn a_known_kind_of_a_later_outage_waits_for_the_downtime() {
    let mut desk = Desk::of(HOUR);
    desk.fail("A");
    desk.succeed();
    desk.pass(24 * HOUR);
    desk.fail("A");
    desk.pass(HOUR + SEC);
    assert_eq!(desk.mails(), "first downtime×1");
    assert_eq!(desk.last().outage.as_ref().unwrap().failures, 1);
    assert_eq!(desk.last().successes_before, 1);
}

#[test]
fn silence_has_a_reason_in_words() {
    let mut desk = Desk::of(12 * HOUR);
    desk.fail("A");
    assert_eq!(desk.why, None);
    desk.sleep(0, 3 * HOUR);
    desk.fail("A");
    let words = desk.why.unwrap().words(|_| "21 Nov 22:46".to_owned());
    assert_eq!(
        words,
        "same kind already mailed 21 Nov 22:46; downtime 3h < 12h"
    );
    desk.sleep(0, 10 * HOUR);
    desk.fail("A");
    let words = desk.why.unwrap().words(|_| "21 Nov 22:46".to_owned());
    assert_eq!(
        words,
        "same kind already mailed 21 Nov 22:46; downtime 13h < 1day"
    );
}

#[test]
fn a_mail_tells_the_history_of_its_outage() {
    let mut desk = Desk::of(6 * HOUR);
    desk.succeed();
    let last_success = desk.now.wall;
    desk.pass(MINUTE);
    desk.begin(0);
    let started = desk.now;
    desk.pass(MINUTE);
    desk.end_failed(0, "A");
    desk.sleep(0, HOUR);
    desk.fail("A");
    desk.fail("B");
    let alert = desk.last();
    let outage = alert.outage.as_ref().unwrap();
    assert_eq!((outage.started, outage.failures), (started, 3));
    let counts: Vec<_> = outage
        .kinds
        .iter()
        .map(|kind| (kind.kind.0.as_str(), kind.count))
        .collect();
    assert_eq!(counts, [("A", 2), ("B", 1)]);
    assert!(outage.kinds[0].mailed.is_some() && outage.kinds[1].mailed.is_none());
    assert_eq!(alert.last_success, Some(last_success));
    assert_eq!(alert.next_reminder.unwrap().mono, started.mono + 6 * HOUR);
    assert_eq!(alert.reminder_interval, Some(6 * HOUR));
    assert_eq!(alert.thread.as_deref(), Some("0@host"));
    assert_eq!(desk.inbox[0].thread, None);
}

#[test]
fn a_run_to_be_tried_again_later_changes_nothing() {
    let mut desk = Desk::of(HOUR);
    desk.retry_later();
    desk.fail("A");
    for _ in 0..7 {
        desk.sleep(0, 10 * MINUTE);
        desk.retry_later();
    }
    assert_eq!(desk.mails(), "first downtime×1");
    assert_eq!(desk.last().outage.as_ref().unwrap().failures, 1);
}

#[test]
fn the_end_of_an_outage_is_not_mailed_unless_asked_for() {
    for (healed, mails) in [
        (Healed::Never, "first downtime×1"),
        (Healed::AfterDowntime, "first downtime×1 healed"),
    ] {
        let mut desk = Desk::of(HOUR);
        let (tasks, mut chain) = desk.rules.clone();
        chain.healed = healed;
        desk = Desk::with(tasks, chain);
        desk.fail("A");
        desk.succeed();
        desk.fail("A");
        desk.pass(80 * MINUTE);
        desk.succeed();
        desk.pass(3 * MINUTE);
        assert_eq!(desk.mails(), mails);
        if healed == Healed::AfterDowntime {
            let outage = desk.last().outage.as_ref().unwrap();
            let ended = outage.ended.unwrap();
            assert_eq!(ended.mono.since(outage.started.mono), 80 * MINUTE);
            assert_eq!(desk.last().thread.as_deref(), Some("1@host"));
        }
    }
}

#[test]
fn the_same_task_named_twice_has_two_states() {
    let mut desk = Desk::of_tasks(&[HOUR, HOUR]);
    desk.fail_step(0, "A");
    desk.fail_step(1, "A");
    desk.crash();
    desk.fail_step(0, "A");
    desk.fail_step(1, "A");
    desk.fail_step(1, "B");
    assert_eq!(desk.mails(), "first first new");
    let steps: Vec<_> = desk.inbox.iter().map(|alert| alert.step).collect();
    assert_eq!(steps, [Some(0), Some(1), Some(1)]);
}

#[test]
fn a_kind_counts_as_mailed_only_when_its_mail_is_stored() {
    let mut desk = Desk::of(6 * HOUR);
    desk.disk_is_full = true;
    for _ in 0..600 {
        desk.fail("A");
        desk.sleep(0, SEC);
    }
    assert_eq!(desk.mails(), "");
    assert!(matches!(desk.why, Some(SilenceReason::NotStored { .. })));
    desk.disk_is_full = false;
    for _ in 0..600 {
        desk.fail("A");
        desk.sleep(0, SEC);
    }
    assert_eq!(desk.mails(), "first");
    assert_eq!(desk.last().text, "text of A");
}

#[test]
fn what_a_full_disk_swallowed_is_told_though_the_task_has_healed() {
    let mut desk = Desk::of(6 * HOUR);
    desk.disk_is_full = true;
    desk.fail("A");
    desk.sleep(0, MINUTE);
    desk.succeed();
    desk.pass(HOUR);
    desk.disk_is_full = false;
    desk.pass(2 * MINUTE);
    assert_eq!(desk.mails(), "digest");
    assert_eq!(desk.last().held_back[0].kind.0, "A");
    desk.fail("A");
    assert_eq!(desk.mails(), "digest");
}

#[test]
fn every_sort_comes_again_when_it_was_not_stored() {
    let mut desk = Desk::of(HOUR);
    let (tasks, mut chain) = desk.rules.clone();
    chain.healed = Healed::AfterDowntime;
    desk = Desk::with(tasks, chain);
    desk.fail("A");
    desk.disk_is_full = true;
    desk.pass(HOUR + 10 * MINUTE);
    desk.disk_is_full = false;
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "first downtime×1");
    desk.disk_is_full = true;
    desk.succeed();
    desk.pass(10 * MINUTE);
    desk.disk_is_full = false;
    desk.pass(2 * MINUTE);
    assert_eq!(desk.mails(), "first downtime×1 healed");
}

#[test]
fn a_healthy_chain_saves_nothing_and_a_failing_one_at_most_once_a_minute() {
    let mut desk = Desk::of(6 * HOUR);
    for _ in 0..1000 {
        desk.succeed();
        desk.sleep(0, SEC);
        assert_eq!(desk.policy.save_due(), Mono::NEVER);
    }
    let mut saves = 0;
    for _ in 0..3600 {
        desk.fail("A");
        if desk.policy.worth_saving(desk.now.mono) {
            desk.policy.saved(desk.now.mono);
            saves += 1;
        }
        desk.sleep(0, SEC);
    }
    assert_eq!(saves, 60);
}

#[test]
fn an_outage_that_ended_is_saved_soon() {
    let mut desk = Desk::of(6 * HOUR);
    desk.fail("A");
    desk.policy.saved(desk.now.mono);
    desk.succeed();
    assert_eq!(desk.policy.save_due(), desk.now.mono + SEC);
    desk.policy.not_saved(desk.now.mono);
    assert_eq!(desk.policy.save_due(), desk.now.mono + MINUTE);
}

#[test]
fn a_timeout_is_reported_as_a_failure_before_the_run_is_called_endless() {
    let of = WarnAfter::of;
    assert_eq!(of(Some(HOUR), Some(SEC), SEC), WarnAfter::Fixed(HOUR));
    assert_eq!(
        of(None, Some(HOUR), 10 * SEC),
        WarnAfter::Fixed(HOUR + 15 * SEC)
    );
    assert_eq!(of(None, None, SEC), WarnAfter::Usual);
}
