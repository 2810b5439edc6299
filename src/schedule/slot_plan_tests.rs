use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::*;
use crate::schedule::{ExcludeWindow, SlotTimes, weekdays_of};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rule(times: &SlotTimes, zone: &str) -> SlotRule {
    times.rule(TimeZone::get(zone).unwrap()).unwrap()
}

fn cron(text: &str, zone: &str) -> SlotTimes {
    SlotTimes {
        cron: Some(text.to_owned()),
        timezone: zone.to_owned(),
        ..SlotTimes::default()
    }
}

fn every(seconds: u64) -> SlotTimes {
    SlotTimes {
        every: Some(seconds * 1000),
        ..SlotTimes::default()
    }
}

#[test]
fn a_slot_on_time_is_posted_and_the_next_is_planned() {
    let rule = rule(&cron("0 3 * * *", "UTC"), "UTC");
    let due = at("2026-11-30T03:00:00Z");
    let now = due.checked_add(20.seconds()).unwrap();
    for missed in [MissedRule::Once, MissedRule::Skip] {
        let plan = SlotPlan::of(&rule, due, now, missed, None);
        let next = Some(at("2026-12-01T03:00:00Z"));
        assert_eq!(
            plan,
            SlotPlan {
                post: Some(due),
                missed: 0,
                next
            }
        );
    }
}

#[test]
fn missed_slots_become_one_job_or_none() {
    let rule = rule(&cron("0 * * * *", "UTC"), "UTC");
    let (due, now) = (at("2026-11-30T03:00:00Z"), at("2026-11-30T05:30:00Z"));
    let next = Some(at("2026-11-30T06:00:00Z"));
    let once = SlotPlan::of(&rule, due, now, MissedRule::Once, None);
    let last = Some(at("2026-11-30T05:00:00Z"));
    assert_eq!(
        once,
        SlotPlan {
            post: last,
            missed: 2,
            next
        }
    );
    let skipped = SlotPlan::of(&rule, due, now, MissedRule::Skip, None);
    assert_eq!(
        skipped,
        SlotPlan {
            post: None,
            missed: 3,
            next
        }
    );
    // The job before was in the way until just now: that is no absence of workers.
    let waited = SlotPlan::of(&rule, due, now, MissedRule::Skip, Some(now));
    assert_eq!(waited, once);
}

#[test]
fn a_long_absence_is_not_counted_slot_by_slot() {
    let rule = rule(&every(1), "UTC");
    let (due, now) = (at("2026-11-30T03:00:00Z"), at("2036-11-30T05:30:00.5Z"));
    let plan = SlotPlan::of(&rule, due, now, MissedRule::Once, None);
    assert_eq!(plan.post, Some(at("2036-11-30T05:30:00Z")));
    assert_eq!(
        (plan.missed, plan.next),
        (1000, Some(at("2036-11-30T05:30:01Z")))
    );
}

#[test]
fn excluded_slots_are_none() {
    let mut times = cron("0 */4 * * *", "Europe/Berlin");
    times.exclude.push(ExcludeWindow {
        from: 22 * 60,
        to: 6 * 60,
        days: weekdays_of("mon-fri").unwrap(),
        note: "backup".to_owned(),
    });
    let rule = rule(&times, "Europe/Berlin");
    let slots = rule.next_slots(at("2026-12-04T12:00:00Z"), 4);
    let expected = [
        "2026-12-04T15:00:00Z",
        "2026-12-04T19:00:00Z",
        "2026-12-05T07:00:00Z",
        "2026-12-05T11:00:00Z",
    ];
    assert_eq!(slots, expected.map(at));
    assert!(
        rule.sentence()
            .ends_with("not Mon to Fri 22:00 to 06:00 (backup)")
    );
}

#[test]
fn a_schedule_whose_times_are_all_excluded_never_runs() {
    let mut times = cron("0 3 * * *", "UTC");
    times.exclude.push(ExcludeWindow {
        from: 0,
        to: 0,
        days: ExcludeWindow::EVERY_DAY,
        note: String::new(),
    });
    let now = at("2026-11-30T03:00:00Z");
    assert_eq!(
        rule(&times, "UTC").never(now),
        Some("all its times are excluded")
    );
    assert_eq!(
        rule(&cron("0 3 30 2 *", "UTC"), "UTC").never(now),
        Some("no month has that day")
    );
    assert_eq!(rule(&cron("0 3 * * *", "UTC"), "UTC").never(now), None);
}

#[test]
fn every_counts_from_the_first() {
    let mut times = every(3600);
    times.first = at("2026-11-30T00:20:00Z").as_millisecond();
    let rule = rule(&times, "UTC");
    assert_eq!(
        rule.next_after(at("2026-11-29T00:00:00Z")),
        Some(at("2026-11-30T00:20:00Z"))
    );
    assert_eq!(
        rule.next_after(at("2026-11-30T00:20:00Z")),
        Some(at("2026-11-30T01:20:00Z"))
    );
    assert_eq!(rule.sentence(), "every 1h");
}

#[test]
fn sentences_read_as_people_write_them() {
    let cases = [
        ("0 3 * * *", "every day at 03:00, Europe/Berlin"),
        (
            "0 3,15 * * *",
            "every day at 03:00 and 15:00, Europe/Berlin",
        ),
        ("30 8 * * 1-5", "on Mon to Fri at 08:30, Europe/Berlin"),
        ("0 0 1 * *", "on day 1 of the month at 00:00, Europe/Berlin"),
        (
            "0 0 1,15 * mon",
            "on days 1 and 15 of the month and on Mon at 00:00, Europe/Berlin",
        ),
        (
            "0 0 */2 * mon",
            "on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month if on Mon at 00:00, Europe/Berlin",
        ),
        ("* * * * *", "every minute, Europe/Berlin"),
        ("*/15 * * * *", "every 15 minutes, Europe/Berlin"),
        ("5 * * * *", "every hour at :05, Europe/Berlin"),
        ("0 */2 * * *", "every 2 hours at :00, Europe/Berlin"),
        (
            "*/10 9-17 * * 1-5",
            "every 10 minutes in the hours 9 to 17, on Mon to Fri, Europe/Berlin",
        ),
        (
            "0 4 * jan,jul *",
            "every day in January and July at 04:00, Europe/Berlin",
        ),
    ];
    for (text, expected) in cases {
        let sentence = rule(&cron(text, "Europe/Berlin"), "Europe/Berlin").sentence();
        assert_eq!(sentence, expected, "{text}");
    }
}
