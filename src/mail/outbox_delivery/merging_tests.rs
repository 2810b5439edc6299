use super::super::tests::Desk;
use super::*;
use crate::core::admin_mail::AdminMail;
use crate::mail::delivery_error::ErrorClass;
use crate::mail::outbox::{NotSent, report};
use crate::mail::test_mails::{Scripted, at, mail, refused};

/// A mail of a chain of its own, with this kind.
fn of_chain(chain: usize, sort: &str, kind: &str) -> AdminMail {
    let mut mail = mail(&format!("{chain:02}-{sort}"), sort, "tasks::a", 1);
    mail.place.chain = format!("chain_{chain}");
    mail.facts = format!("event={sort}; task=tasks::a; chain=chain_{chain}; kind={kind}");
    mail
}

fn put(desk: &Desk, mail: &AdminMail) {
    put_to(desk, mail, "ops@example.org");
}

fn put_to(desk: &Desk, mail: &AdminMail, to: &str) {
    desk.outbox.put(mail, &[to.to_owned()], at(desk.seconds));
}

fn subjects(transport: &Scripted) -> Vec<String> {
    let subject = |text: &String| {
        let line = text.lines().find(|line| line.starts_with("Subject: "));
        line.unwrap().to_owned()
    };
    transport
        .accepted
        .iter()
        .map(|(_, text)| subject(text))
        .collect()
}

#[test]
fn twenty_five_chains_that_fail_at_once_for_one_cause_send_four_mails() {
    let mut desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..25 {
        put(&desk, &of_chain(chain, "first", "exit 1: no database"));
        desk.pass(&mut transport);
    }
    assert_eq!(transport.accepted.len(), 3);
    assert_eq!(desk.outbox.waiting().len(), 1, "one file waits for all");
    let told = report(desk.dir.path());
    assert_eq!(
        told.undelivered.find("chain_24", at(0)),
        Some(NotSent::Waits)
    );
    assert_eq!(told.chains.len(), 22);
    desk.seconds = 59;
    assert_eq!(desk.pass(&mut transport).next, Some(at(60)));
    assert_eq!(transport.accepted.len(), 3);
    desk.seconds = 60;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 4);
    let text = &transport.accepted[3].1;
    assert_eq!(
        subjects(&transport)[3],
        "Subject: [host] [22 mails] first 03-first"
    );
    for chain in 3..25 {
        assert!(
            text.contains(&format!("[tasks::a] first {chain:02}-first\r\n")),
            "{chain}: {text}"
        );
    }
    assert!(
        text.contains("Message-ID: <03-first@example.org>"),
        "{text}"
    );
    let told = report(desk.dir.path());
    assert_eq!(told.undelivered.find("chain_24", at(0)), None);
    assert_eq!(
        told.left.of("chain_24").sent["first"],
        1,
        "each counts as mailed"
    );
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn all_at_once_are_four_mails_too_and_another_process_knows_of_them() {
    let mut desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..25 {
        put(&desk, &of_chain(chain, "first", "k"));
    }
    desk.pass(&mut transport);
    desk.seconds = 10;
    put(&desk, &of_chain(25, "new", "k"));
    // A pass reads everything that it goes by from the disk.
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 3);
    desk.seconds = 60;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 4);
    assert!(subjects(&transport)[3].contains("[23 mails]"));
}

#[test]
fn other_kinds_other_recipients_and_summaries_wait_for_nothing() {
    let desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..20 {
        put(&desk, &of_chain(chain, "first", &format!("kind {chain}")));
        put(&desk, &of_chain(100 + chain, "summary", ""));
        put_to(
            &desk,
            &of_chain(200 + chain, "first", "k"),
            &format!("ops{chain}@example.org"),
        );
    }
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 60);
}

#[test]
fn reminders_are_merged_whatever_their_kind_and_those_of_one_task_are_not() {
    let mut desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..10 {
        put(
            &desk,
            &of_chain(chain, "downtime", &format!("kind {chain}")),
        );
    }
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 3);
    desk.seconds = 60;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 4);
    let desk = Desk::new();
    let mut transport = Scripted::default();
    for count in 0..10 {
        let mut mail = of_chain(0, "again", "k");
        mail.message_id = format!("{count}@example.org");
        put(&desk, &mail);
        desk.pass(&mut transport);
    }
    assert_eq!(transport.accepted.len(), 10);
}

#[test]
fn a_mail_that_stands_for_many_and_is_refused_leaves_all_of_them_undelivered() {
    let mut desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..6 {
        put(&desk, &of_chain(chain, "first", "k"));
    }
    desk.pass(&mut transport);
    desk.seconds = 60;
    let mut transport = Scripted::new([refused(ErrorClass::Recipient)]);
    desk.pass(&mut transport);
    let told = report(desk.dir.path());
    for chain in 0..6 {
        let expected = (chain >= 3).then_some(NotSent::Failed);
        assert_eq!(
            told.undelivered.find(&format!("chain_{chain}"), at(0)),
            expected,
            "{chain}"
        );
    }
}

#[test]
fn a_newer_reminder_takes_over_what_was_merged_into_the_older_one() {
    let mut desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..6 {
        put(&desk, &of_chain(chain, "downtime", "k"));
    }
    desk.pass(&mut transport);
    desk.seconds = 30;
    let mut newer = of_chain(3, "again", "k");
    newer.message_id = "newer@example.org".to_owned();
    put(&desk, &newer);
    desk.pass(&mut transport);
    desk.seconds = 60;
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 4);
    let text = &transport.accepted[3].1;
    for part in [
        "again 03-again",
        "downtime 04-downtime",
        "downtime 05-downtime",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_runner_that_ends_lets_what_is_held_leave_as_one() {
    let desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..25 {
        put(&desk, &of_chain(chain, "first", "k"));
    }
    desk.pass(&mut transport);
    let now = || at(1);
    super::super::deliver_due(
        &desk.outbox,
        &mut transport,
        "a@example.org",
        MergeHolding::No,
        &now,
    );
    assert_eq!(transport.accepted.len(), 4);
    assert!(desk.outbox.waiting().is_empty());
}

#[test]
fn a_long_body_and_many_subjects_stay_within_the_bounds_of_a_mail() {
    let mut desk = Desk::new();
    let mut transport = Scripted::default();
    for chain in 0..60 {
        let mut mail = of_chain(chain, "first", "k");
        mail.body = format!("Ä.\n\n{}", "ä\n".repeat(21_000));
        mail.subject = format!("[host] [tasks::a] {}", "ü".repeat(80));
        put(&desk, &mail);
    }
    desk.pass(&mut transport);
    desk.seconds = 60;
    let entry = desk.outbox.waiting().remove(0);
    let mail = entry.to_send();
    assert_eq!(entry.merged.len(), 56);
    assert!(mail.body.len() <= 64 << 10 && mail.minimal_body.len() <= 2 << 10);
    assert!(mail.subject.chars().count() <= 100);
    assert!(mail.body.lines().all(|line| line.chars().count() <= 78));
}

#[test]
fn a_clock_that_was_turned_back_holds_nothing_for_long() {
    let mut desk = Desk::new();
    desk.seconds = 1_000_000;
    let mut transport = Scripted::default();
    for chain in 0..3 {
        put(&desk, &of_chain(chain, "first", "k"));
    }
    desk.pass(&mut transport);
    desk.seconds = 0;
    put(&desk, &of_chain(3, "first", "k"));
    desk.pass(&mut transport);
    assert_eq!(transport.accepted.len(), 4);
}
