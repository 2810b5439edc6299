//! Tokens, and what finds none.

use super::*;
use crate::alert::memory::MailLimit;
use crate::alert::policy::reason::SilenceReason;

fn kinds_of(alert: &Alert) -> Vec<&str> {
    alert
        .held_back
        .iter()
        .map(|entry| entry.kind.0.as_str())
        .collect()
}

#[test]
fn six_kinds_are_mailed_and_the_rest_is_named_in_the_next_mail() {
    let mut desk = Desk::of(6 * HOUR);
    for kind in ["A", "B", "C", "D", "E", "F", "G", "H", "G"] {
        desk.fail(kind);
        desk.sleep(0, SEC);
    }
    assert_eq!(desk.mails(), "first new new new new new");
    let words = desk.why.unwrap().words(|_| "Sun 10:46".to_owned());
    assert_eq!(
        words,
        "held back until Sun 10:46: too many new kinds of failure of this task mailed"
    );
    desk.pass(6 * HOUR - 9 * SEC);
    desk.pass(MINUTE);
    assert_eq!(desk.mails(), "first new new new new new downtime×1");
    assert_eq!(kinds_of(desk.last()), ["G", "H"]);
    assert_eq!(desk.last().held_back[0].count, 2);
    desk.pass(10 * MINUTE);
    desk.fail("G");
    assert_eq!(desk.inbox.len(), 7, "what was named counts as mailed");
}

#[test]
fn what_no_other_mail_names_leaves_in_a_digest_when_there_is_a_token() {
    let mut desk = Desk::of(6 * HOUR);
    for kind in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        desk.fail(kind);
        desk.sleep(0, SEC);
    }
    desk.succeed();
    desk.pass(48 * HOUR);
    assert_eq!(desk.mails(), "first new new new new new digest");
    assert_eq!(
        (desk.last().step, kinds_of(desk.last())),
        (None, vec!["G", "H"])
    );
}

#[test]
fn a_person_who_starts_it_again_and_again_gets_six_mails_and_then_one_an_hour() {
    let mut desk = Desk::of(6 * HOUR);
    for _ in 0..60 {
        desk.fail("A");
        desk.sleep(0, MINUTE);
        desk.restart();
    }
    assert_eq!(desk.mails(), "first first first first first first");
    assert!(matches!(desk.policy.tasks[0].held().named(), [held] if held.count == 54));
    desk.pass(SEC);
    desk.fail("A");
    assert_eq!(desk.inbox.len(), 7);
    assert_eq!(
        (desk.last().sort, desk.last().held_back[0].count),
        (AlertKind::First, 54)
    );
}

#[test]
fn the_chain_has_a_limit_of_its_own() {
    let mut desk = Desk::of_tasks(&[6 * HOUR; 30]);
    for step in 0..30 {
        desk.fail_step(step, "A");
    }
    assert_eq!(desk.inbox.len(), 20);
    assert!(matches!(
        desk.why,
        Some(SilenceReason::HeldBack {
            limit: MailLimit::Chain,
            ..
        })
    ));
    desk.pass(HOUR + 10 * SEC);
    assert_eq!(desk.inbox.len(), 21);
    assert_eq!(
        (desk.last().sort, desk.last().held_back.len()),
        (AlertKind::HeldBack, 10)
    );
    assert_eq!(desk.last().held_back[0].step, 20);
}

#[test]
fn a_chain_that_may_send_nothing_still_reminds() {
    let mut desk = Desk::of(6 * HOUR);
    let (tasks, mut chain) = desk.rules.clone();
    chain.max_per_hour = 0;
    desk = Desk::with(tasks, chain);
    desk.fail("A");
    desk.fail("B");
    desk.pass(7 * HOUR);
    assert_eq!(desk.mails(), "downtime×1");
    assert_eq!(kinds_of(desk.last()), ["A", "B"]);
}

#[test]
fn more_kinds_than_can_be_named_are_counted() {
    let mut desk = Desk::of(6 * HOUR);
    for number in 0..1000 {
        desk.fail(&number.to_string());
        desk.sleep(0, SEC);
    }
    desk.pass(6 * HOUR);
    let alert = desk
        .inbox
        .iter()
        .find(|alert| !alert.held_back.is_empty())
        .unwrap();
    let told = alert.held_back.len() as u64 + alert.held_back_unnamed;
    assert_eq!(desk.inbox[..6].len() as u64 + told, 1000);
    assert_eq!(desk.policy.tasks[0].held().unnamed(), 0);
}
