//! What a phone shows of each sort of mail, on 42 columns and before anything is scrolled.

use std::time::{Duration, SystemTime};

use super::*;
use crate::alert::alert_facts::Alert;
use crate::alert::alert_kind::AlertKind;
use crate::core::failure::Failure;

const COLUMNS: usize = 42;
const LINES: usize = 15;
const LONG: &str = "import: reading the price list of the northern warehouse: GET https://prices.example.org/v2/lists?warehouse=north&page=17: \
     the server answered 503 Service Unavailable: upstream connect error or disconnect/reset before headers";

/// An alert of each sort, as long as its parts get.
fn all_sorts() -> Vec<Alert> {
    let sorts = [
        AlertKind::First,
        AlertKind::New,
        AlertKind::Downtime { count: 1 },
        AlertKind::Downtime { count: 2 },
        AlertKind::StillRunning,
        AlertKind::Healed,
        AlertKind::HeldBack,
        AlertKind::Summary,
    ];
    let mut alerts: Vec<Alert> = sorts.into_iter().map(alert).collect();
    let mut ends = alert(AlertKind::New);
    ends.ends_runner = true;
    let mut on_and_off = alert(AlertKind::Downtime { count: 1 });
    on_and_off.on_and_off = Some(crate::alert::outage::OnAndOff {
        failures: 720,
        runs: 1440,
        span: Duration::from_secs(24 * HOUR),
    });
    let mut asks = alert(AlertKind::Downtime { count: 1 });
    let outage = asks.outage.as_mut().unwrap();
    (outage.failures, outage.asks) = (0, 72);
    outage.kinds.clear();
    let mut muted = alert(AlertKind::HeldBack);
    muted.mutes = vec![mute(0, [1, 1, 0], true)];
    alerts.extend([ends, on_and_off, asks, muted]);
    for alert in &mut alerts {
        if alert.sort == AlertKind::Healed {
            let outage = alert.outage.as_mut().unwrap();
            outage.ended = Some(moment(NOW));
        }
        alert.held_back = held_back();
    }
    alerts
}

fn essentials(alert: &Alert, context: &MailContext<'_>) -> String {
    let body = compose(alert, Some(&failure()), context).body;
    let (essentials, _details) = body.split_once(essentials::RULE).expect("a rule");
    essentials.trim_end().to_owned()
}

fn german(time: SystemTime) -> String {
    format!("Sun {} +0100", utc(time).replace(" UTC", " "))
        .replace("2026-11-22", "22 Nov 2026")
        .replace("  ", " ")
}

#[test]
fn the_essentials_of_each_sort_fit_a_phone() {
    let mut world = World::new();
    world.tasks[0] = "shop::nightly::import_of_all_price_lists".into();
    let mut context = world.context();
    (context.host, context.local_time) = ("web1.frankfurt.example.org", &german);
    for mut alert in all_sorts() {
        for text in [TEXT, LONG] {
            alert.text = text.into();
            let essentials = essentials(&alert, &context);
            let lines: Vec<&str> = essentials.lines().collect();
            assert!(lines.len() <= LINES, "{:?}:\n{essentials}", alert.sort);
            for line in lines {
                let is_one_word = line.split_whitespace().count() == 1;
                let fits = line.chars().count() <= COLUMNS || is_one_word;
                assert!(fits, "{:?}: {line}", alert.sort);
            }
        }
    }
}

#[test]
fn words_of_any_length_leave_the_essentials_within_their_lines() {
    let world = World::new();
    let context = world.context();
    for mut alert in all_sorts() {
        for length in (1..60).step_by(4) {
            alert.text = format!("{} ", "x".repeat(length)).repeat(40);
            let essentials = essentials(&alert, &context);
            let lines = essentials.lines().count();
            assert!(lines <= LINES, "{:?}, {length}:\n{essentials}", alert.sort);
        }
    }
}

#[test]
fn what_failed_and_why_is_in_the_first_40_characters() {
    let world = World::new();
    for alert in all_sorts() {
        let asks = alert.only_asks() || alert.on_and_off.is_some();
        let is_failure = matches!(
            alert.sort,
            AlertKind::First | AlertKind::New | AlertKind::Downtime { .. }
        );
        if !is_failure || asks {
            continue;
        }
        let mail = compose(&alert, Some(&failure()), &world.context());
        let first: String = mail.body.replace("\n  ", " ").chars().take(40).collect();
        let (_, after) = mail.subject.split_once(": ").expect("TEXT");
        assert!(
            first.contains("send_mail") && first.contains("exit 1: Z"),
            "{first}"
        );
        assert!(
            after.starts_with("exit 1:") && after.ends_with("division by zero"),
            "{after}"
        );
    }
}

#[test]
fn the_text_stands_once() {
    let world = World::new();
    let mut failure = failure();
    failure.output = None;
    for alert in all_sorts() {
        let has_text = !matches!(
            alert.sort,
            AlertKind::StillRunning | AlertKind::HeldBack | AlertKind::Summary
        );
        let mail = compose(&alert, Some(&failure), &world.context());
        let body = mail.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let times = body.matches("ZeroDivisionError: division").count();
        // A list that is about something else names the kind.
        let most = if has_text { 1 } else { 2 };
        assert!(times <= most, "{:?}: {times}\n{}", alert.sort, mail.body);
        assert!(!has_text || times == 1, "{}", mail.body);
    }
}

#[test]
fn an_outage_of_one_kind_has_no_list() {
    let world = World::new();
    let mut alert = alert(AlertKind::First);
    let long = compose(&alert, Some(&failure()), &world.context()).body;
    assert!(long.contains("This outage, since"), "{long}");
    alert.outage.as_mut().unwrap().kinds.truncate(1);
    let short = compose(&alert, Some(&failure()), &world.context()).body;
    assert!(!short.contains("This outage, since"), "{short}");
    let short = short.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        short.contains("13 failed runs") && short.contains("7f3a9c01d2e4"),
        "{short}"
    );
}

#[test]
fn a_text_that_is_shortened_is_shown_whole_below() {
    let world = World::new();
    let mut failure = Failure::new(FailureClass::Panic, LONG);
    failure.causes = vec!["the last cause".into()];
    let mut alert = alert(AlertKind::First);
    alert.text = failure.text();
    let body = compose(&alert, Some(&failure), &world.context()).body;
    let (_, details) = body.split_once("\nError:\n").expect("the whole error");
    assert!(
        details.contains(LONG) && details.contains("Caused by:\n  the last cause"),
        "{body}"
    );
}
