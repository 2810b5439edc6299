//! The slots of cron expressions over changes of clocks, against a cron of these tests: the loop of
//! Debian's cron over real minutes, with its virtual time and its limit of three hours.
//!
//! Written down after cron(8), "Local time changes", and the loop of Debian's cron: it wakes each
//! minute and compares the wall clock with a virtual one. A minute on: all jobs. Ahead by up to
//! three hours: jobs with `*` for this minute, then fixed ones for each minute that was skipped.
//! Behind by up to three hours: jobs with `*` alone, and the virtual clock stands. More: the new
//! time holds at once. Two things are ours: `/` counts as `*`, and what was skipped runs once,
//! however many of its times were skipped.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::cron_expression::CronExpression;
use super::cron_slots::next_after;

/// All zones are tried where this is set; else a part of them.
const ALL: &str = "RUN_FUNCTIONS_TEST_ALL_ZONES";
const LIMIT: i64 = 3 * 60;
const EXPRESSIONS: [&str; 16] = [
    "0 2 * * *",
    "30 2 * * *",
    "30 1 * * *",
    "0 0 * * *",
    "0 2,3 * * *",
    "15,45 1-3 * * *",
    "0 1-3 * * *",
    "59 23 * * *",
    "0,30 0-4 * * sun",
    "30 2 1-31 * 0",
    "*/15 * * * *",
    "0 */2 * * *",
    "*/20 1-3 * * *",
    "7 * * * *",
    "10-50/20 2 * * *",
    "* 2 * * *",
];

/// Returns the minute of a wall time since 1970.
fn wall_minute(wall: DateTime) -> i64 {
    let since = wall.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    since.as_secs().div_euclid(60)
}

fn wall_of(minute: i64) -> DateTime {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    epoch
        .checked_add(SignedDuration::from_mins(minute))
        .unwrap()
}

/// An expression that is matched in the plainest way: by texts, without the code under test.
struct PlainCron {
    fields: [BTreeSet<i64>; 5],
    is_wild: bool,
    is_starred: bool,
}

impl PlainCron {
    fn of(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
        let fields = std::array::from_fn(|at| plain_values(words[at], bounds[at]));
        PlainCron {
            fields,
            is_wild: words[..2].iter().any(|word| word.contains(['*', '/'])),
            is_starred: words[2].starts_with('*') || words[4].starts_with('*'),
        }
    }

    fn matches(&self, minute: i64) -> bool {
        let wall = wall_of(minute);
        let values = [
            i64::from(wall.minute()),
            i64::from(wall.hour()),
            i64::from(wall.day()),
            i64::from(wall.month()),
            i64::from(wall.weekday().to_sunday_zero_offset()),
        ];
        let has: [bool; 5] = std::array::from_fn(|at| self.fields[at].contains(&values[at]));
        let day = if self.is_starred {
            has[2] && has[4]
        } else {
            has[2] || has[4]
        };
        has[0] && has[1] && has[3] && day
    }
}

fn plain_values(word: &str, bounds: (i64, i64)) -> BTreeSet<i64> {
    let parts = word.split(',').flat_map(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let range = match range {
            "*" => bounds,
            "sun" => (0, 0),
            range => {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (first.parse().unwrap(), last.parse().unwrap())
            }
        };
        (range.0..=range.1).step_by(step.parse().unwrap())
    });
    parts.collect()
}

/// Walks the minutes of a span as Debian's cron does, and returns when it runs a job.
fn debian(
    cron: &PlainCron,
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> BTreeSet<Timestamp> {
    let mut ran = BTreeSet::new();
    let mut virtual_minute = wall_minute(zone.to_datetime(from)) - 1;
    let mut now = from;
    while now < to {
        let minute = wall_minute(zone.to_datetime(now));
        let ahead = minute - virtual_minute;
        let is_run = match ahead {
            1 => cron.matches(minute),
            // Ahead: what was skipped, this minute included.
            2..=180 => match cron.is_wild {
                true => cron.matches(minute),
                false => (virtual_minute + 1..=minute).any(|skipped| cron.matches(skipped)),
            },
            // The virtual clock was a minute behind, as always.
            181 if !cron.is_wild => {
                (virtual_minute + 1..=minute).any(|skipped| cron.matches(skipped))
            }
            behind if behind <= 0 && behind > -LIMIT => cron.is_wild && cron.matches(minute),
            _ => cron.matches(minute),
        };
        if is_run {
            ran.insert(now);
        }
        if ahead > 0 || ahead <= -LIMIT {
            virtual_minute = minute;
        }
        now = now.checked_add(1.minute()).unwrap();
    }
    ran
}

/// Returns what the code under test has in a span.
fn ours(text: &str, zone: &TimeZone, from: Timestamp, to: Timestamp) -> BTreeSet<Timestamp> {
    let expression = CronExpression::parse(text).unwrap();
    let before = from.checked_sub(1.nanosecond()).unwrap();
    let first = next_after(&expression, zone, before);
    let slots = std::iter::successors(first, |slot| next_after(&expression, zone, *slot));
    slots.take_while(|slot| *slot < to).collect()
}

/// Returns the names of zones: each twelfth, and those with strange changes.
fn zones() -> Vec<String> {
    const STRANGE: [&str; 12] = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Antarctica/Casey",
        "Africa/Casablanca",
        "Asia/Gaza",
        "Pacific/Chatham",
        "America/Nuuk",
        "America/Santiago",
        "Asia/Beirut",
        "Africa/Cairo",
    ];
    let all: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    assert!(all.len() > 300, "this machine has no tzdata: {}", all.len());
    let is_all = std::env::var_os(ALL).is_some();
    let step = if is_all { 1 } else { 12 };
    let some = all.into_iter().step_by(step);
    some.chain(STRANGE.map(str::to_owned)).collect()
}

fn check_around(name: &str, zone: &TimeZone, change: Timestamp) {
    let from = change.checked_sub(8.hours()).unwrap();
    // A whole minute of the zone.
    let seconds = i64::from(zone.to_offset(from).seconds()).rem_euclid(60);
    let from =
        Timestamp::from_second(from.as_second() - (from.as_second() + seconds) % 60).unwrap();
    let to = change.checked_add(10.hours()).unwrap();
    for text in EXPRESSIONS {
        let expected = debian(&PlainCron::of(text), zone, from, to);
        let found = ours(text, zone, from, to);
        assert_eq!(found, expected, "{name}, `{text}`, around {change}");
    }
}

#[test]
fn each_change_of_clocks_of_a_year_is_passed_as_debians_cron_passes_it() {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let end: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let mut changes = 0;
    for name in zones() {
        let zone = TimeZone::get(&name).unwrap();
        let following = zone.following(begin).map(|change| change.timestamp());
        for change in following.take_while(|change| *change < end) {
            check_around(&name, &zone, change);
            changes += 1;
        }
    }
    assert!(changes > 30, "{changes}");
}

/// Changes that no zone has this year: by two and three hours, over midnight, of a whole day.
#[test]
fn great_changes_are_made_up_for_until_three_hours() {
    let history = [
        ("Antarctica/Casey", "2018-03-10T17:00:00Z"),
        ("Antarctica/Casey", "2023-03-08T16:00:00Z"),
        ("Antarctica/Troll", "2026-03-29T01:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("America/Caracas", "2016-05-01T07:00:00Z"),
        ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
        ("Africa/Cairo", "2010-08-10T21:00:00Z"),
    ];
    for (name, around) in history {
        let zone = TimeZone::get(name).unwrap();
        let around: Timestamp = around.parse().unwrap();
        let from = around.checked_sub(48.hours()).unwrap();
        let change = zone.following(from).next().unwrap().timestamp();
        assert!(
            change.duration_since(around).abs() < SignedDuration::from_hours(72),
            "{name} {change}"
        );
        check_around(name, &zone, change);
    }
}

#[test]
fn a_night_of_berlin_in_words() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let night = |text: &str, from: &str, to: &str| -> Vec<String> {
        let found = ours(text, &zone, from.parse().unwrap(), to.parse().unwrap());
        found.iter().map(ToString::to_string).collect()
    };
    let spring = |text| night(text, "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z");
    let autumn = |text| night(text, "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
    // 02:00 is skipped, and runs once after it, with 02:30 and 03:00.
    assert_eq!(spring("0 2 * * *"), ["2026-03-29T01:00:00Z"]);
    assert_eq!(spring("0,30 2 * * *"), ["2026-03-29T01:00:00Z"]);
    assert_eq!(spring("0 2,3 * * *"), ["2026-03-29T01:00:00Z"]);
    assert_eq!(spring("0 */2 * * *"), ["2026-03-29T02:00:00Z"]);
    // 02:00 comes twice, and runs once; `*` and `/` follow real time.
    assert_eq!(autumn("0 2 * * *"), ["2026-10-25T00:00:00Z"]);
    assert_eq!(
        autumn("0 2,3 * * *"),
        ["2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"]
    );
    let twice = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"];
    assert_eq!(autumn("0 */2 * * *"), twice);
}
