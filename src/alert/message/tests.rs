mod hostile;
mod phone;
mod world;

use std::time::Duration;

use super::super::alert_kind::AlertKind;
use super::super::{alert_facts::Alert, failure_kind::FailureKind};
use super::*;
use crate::core::failure::{Failure, FailureClass, Output};

use world::*;

#[test]
fn first_reads_well() {
    let world = World::new();
    let mail = compose(&alert(AlertKind::First), Some(&failure()), &world.context());
    insta::assert_snapshot!(shown(&mail));
}

#[test]
fn the_last_mail_of_a_runner_reads_well() {
    let world = World::new();
    let mut alert = alert(AlertKind::New);
    alert.ends_runner = true;
    insta::assert_snapshot!(shown(&compose(&alert, Some(&failure()), &world.context())));
}

#[test]
fn new_panic_with_causes_reads_well() {
    let world = World::new();
    let mut failure = Failure::new(FailureClass::Panic, "attempt to divide by zero");
    failure.place = Some("tasks/divide_by_zero.rs:12:5".into());
    failure.backtrace = Some("   0: std::panicking::begin_panic\n   1: tasks::divide\n".into());
    failure.causes = vec![
        "the divisor was read from a file".into(),
        "the file is empty".into(),
    ];
    let mut alert = alert(AlertKind::New);
    alert.text = failure.text();
    alert.held_back = held_back();
    insta::assert_snapshot!(shown(&compose(&alert, Some(&failure), &world.context())));
}

#[test]
fn downtime_reads_well() {
    let mut world = World::new();
    world.notes = vec!["The memory of alerts was damaged and has been started anew.".into()];
    let mut context = world.context();
    context.mail.waiting = 3;
    context.mail.down_since = Some(before(4).wall);
    context.mail.reason = Some("the server mail.example.org refused the connection on port 465");
    let mail = compose(
        &alert(AlertKind::Downtime { count: 1 }),
        Some(&failure()),
        &context,
    );
    insta::assert_snapshot!(shown(&mail));
}

#[test]
fn downtime_again_reads_well() {
    let world = World::new();
    let alert = alert(AlertKind::Downtime { count: 2 });
    insta::assert_snapshot!(shown(&compose(&alert, None, &world.context())));
}

#[test]
fn still_running_reads_well() {
    let world = World::new();
    let mut alert = alert(AlertKind::StillRunning);
    (alert.text, alert.outage, alert.kind) = (String::new(), None, None);
    let mut context = world.context();
    context.run_duration = Some(Duration::from_secs(2 * HOUR));
    alert.running_since = Some(before(2));
    insta::assert_snapshot!(shown(&compose(&alert, None, &context)));
}

#[test]
fn a_summary_reads_well() {
    use crate::alert::tally::{SummaryContent, SummaryCounts};
    let world = World::new();
    let mut summed = alert(AlertKind::Summary);
    (summed.step, summed.run, summed.outage, summed.kind) = (None, None, None, None);
    let fine = SummaryCounts {
        runs: 2016,
        ..SummaryCounts::default()
    };
    let failing = SummaryCounts {
        runs: 1203,
        failures: 31,
        outages: 5,
        longest: Duration::from_secs(4800),
        down_since: Some(before(6).wall),
        mails: 4,
        held_back: 2,
        asks: 3,
    };
    let since = before(168).wall;
    let mut sum = |tasks: Vec<SummaryCounts>| {
        let tasks = tasks.into_iter().enumerate().collect();
        summed.summary = Some(SummaryContent { since, tasks });
        shown(&compose(&summed, None, &world.context()))
    };
    insta::assert_snapshot!(sum(vec![failing, fine.clone()]));
    insta::assert_snapshot!(sum(vec![fine.clone(), fine]));
}

#[test]
fn a_task_that_only_asks_for_later_reads_well() {
    let world = World::new();
    let mut alert = alert(AlertKind::Downtime { count: 1 });
    alert.text = "exit 75: the queue is locked by pid 4711".into();
    alert.kind = None;
    let outage = alert.outage.as_mut().unwrap();
    (outage.failures, outage.asks) = (0, 72);
    outage.kinds.clear();
    let mail = compose(&alert, Some(&failure()), &world.context());
    assert!(!mail.body.contains("Error:"), "{}", mail.body);
    insta::assert_snapshot!(shown(&mail));
}

#[test]
fn the_end_of_a_mute_reads_well() {
    let world = World::new();
    let mut first = alert(AlertKind::First);
    first.held_back = held_back()[1..].to_vec();
    first.held_back[0].step = 0;
    first.mutes = vec![mute(0, [1, 1, 0], true)];
    insta::assert_snapshot!(shown(&compose(&first, Some(&failure()), &world.context())));
    let mut digest = alert(AlertKind::HeldBack);
    (digest.step, digest.run, digest.outage, digest.kind) = (None, None, None, None);
    digest.held_back = held_back();
    digest.mutes = vec![mute(0, [0, 1, 2], true), mute(1, [1, 0, 0], false)];
    insta::assert_snapshot!(shown(&compose(&digest, None, &world.context())));
    digest.held_back.clear();
    digest.mutes = vec![mute(1, [0, 0, 1], false)];
    insta::assert_snapshot!(shown(&compose(&digest, None, &world.context())));
}

#[test]
fn healed_reads_well() {
    let world = World::new();
    let mut alert = alert(AlertKind::Healed);
    let outage = alert.outage.as_mut().unwrap();
    outage.started = before(14);
    outage.ended = Some(
        outage
            .started
            .at(outage.started.mono + Duration::from_secs(48_000)),
    );
    insta::assert_snapshot!(shown(&compose(&alert, None, &world.context())));
}

#[test]
fn held_back_reads_well() {
    let world = World::new();
    let mut alert = alert(AlertKind::HeldBack);
    (alert.step, alert.outage, alert.kind, alert.run) = (None, None, None, None);
    (alert.text, alert.held_back) = (String::new(), held_back());
    insta::assert_snapshot!(shown(&compose(&alert, None, &world.context())));
}

#[test]
fn the_minimal_mail_reads_well() {
    let world = World::new();
    let mail = compose(&alert(AlertKind::First), Some(&failure()), &world.context());
    insta::assert_snapshot!(mail.minimal_body);
    assert!(mail.minimal_body.len() <= 2048);
}

#[test]
fn headlines_are_the_words_of_the_log() {
    let headline = |sort| headline(&alert(sort));
    assert_eq!(
        headline(AlertKind::First),
        format!("First exception caught: {TEXT}")
    );
    assert_eq!(
        headline(AlertKind::New),
        format!("New exception caught: {TEXT}")
    );
    let reached = "Non recoverable downtime reached";
    assert_eq!(
        headline(AlertKind::Downtime { count: 1 }),
        format!("{reached}: {TEXT}")
    );
    assert_eq!(
        headline(AlertKind::Downtime { count: 9 }),
        format!("{reached} again: {TEXT}")
    );
}

#[test]
fn long_output_is_its_beginning_and_its_end_and_says_what_is_missing() {
    let world = World::new();
    let mut failure = failure();
    let lines = |from: u32| {
        (from..from + 20_000)
            .map(|n| format!("line {n}\n"))
            .collect::<String>()
    };
    failure.output = Some(Output {
        head: lines(0),
        cut: 1_000_000,
        tail: lines(90_000),
    });
    let body = compose(&alert(AlertKind::First), Some(&failure), &world.context()).body;
    assert!(body.contains("  line 0\n") && body.contains("  line 109999\n"));
    assert!(!body.contains("line 19999\n") && !body.contains("line 90000\n"));
    assert!(body.contains(" bytes left out …]\n"));
    assert!(
        body.len() > 16 * 1024 && body.len() < 40 * 1024,
        "{}",
        body.len()
    );
}

#[test]
fn a_text_cannot_pretend_to_be_an_encoded_word_or_another_header() {
    let world = World::new();
    let mut alert = alert(AlertKind::First);
    alert.text = "=?utf-8?q?=0aBcc=3A?= x\r\nBcc: eve@example.org\u{202e}\u{0}".into();
    let subject = compose(&alert, None, &world.context()).subject;
    assert_eq!(
        subject,
        "[web1] [tasks::send_mail] First exception caught: = ?utf-8?q?= 0aBcc=3A? = x Bcc: eve@example.org"
            .replace("?q?= 0a", "?q?=0a")
            .replace("? = x", "?= x")
    );
}

#[test]
fn a_mail_that_is_made_again_after_a_crash_has_the_name_of_its_twin() {
    let world = World::new();
    let name = |alert: &Alert| compose(alert, None, &world.context()).message_id;
    let first = alert(AlertKind::First);
    let mut again = first.clone();
    again.at.wall += Duration::from_secs(7);
    again.sort = AlertKind::New;
    if let Some(outage) = &mut again.outage {
        outage.number += 1_000_000;
    }
    assert_eq!(name(&first), name(&again));
    again.kind = Some(FailureKind("another".into()));
    assert_ne!(name(&first), name(&again));
    let reminders = [1, 2].map(|count| name(&alert(AlertKind::Downtime { count })));
    assert_ne!(reminders[0], reminders[1]);
}
