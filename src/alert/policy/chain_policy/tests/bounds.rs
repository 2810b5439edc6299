//! What holds for every sequence of events. `RUN_FUNCTIONS_LONG_TESTS=1` tries each on more than a
//! million events.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::histories::{Account, Happening, NRD, anything, ordinary, span};
use super::*;

/// How many events a property is tried on when that is asked for.
const MOST_EVENTS: usize = 1_100_000;

/// Runs a property on random sequences of this length; on more of them when asked for.
fn for_all<T: Clone + std::fmt::Debug>(
    happenings: impl Strategy<Value = T>,
    length: usize,
    check: impl Fn(&[T]),
) {
    let long = std::env::var_os("RUN_FUNCTIONS_LONG_TESTS").is_some();
    // Half as long as the longest in the mean.
    let cases = if long {
        MOST_EVENTS * 2 / length + 1
    } else {
        60
    };
    let config = Config {
        cases: u32::try_from(cases).expect("a small number"),
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = prop::collection::vec(happenings, 1..=length);
    let outcome = TestRunner::new(config).run(&sequences, |sequence| {
        check(&sequence);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn no_sequence_of_events_floods_and_every_kind_is_named_or_counted() {
    for_all(anything(), 400, |sequence| {
        let mut account = Account::new();
        account.all_happen(sequence);
        account.nothing_is_lost();
        account.the_bound_holds();
    });
}

#[test]
fn what_was_held_back_is_told_in_the_end() {
    for_all(anything(), 100, |sequence| {
        let mut account = Account::new();
        account.all_happen(sequence);
        account.happens(&Happening::Disk { full: false });
        for _ in 0..20 {
            account.happens(&Happening::Sleep { next: 0, span: NRD });
        }
        assert!(
            account.untold.values().all(|count| *count == 0),
            "{:?}",
            account.untold
        );
        for task in &account.desk.policy.tasks {
            assert!(!task.is_muted(), "a mute ends by itself");
            let owed = task.account().map_or(0, |muted| muted.total());
            assert_eq!(owed, 0, "what it held back is told");
        }
    });
}

#[test]
fn after_any_history_an_outage_is_reminded_of_within_one_downtime() {
    for_all(anything(), 100, |sequence| {
        let mut account = Account::new();
        account.all_happen(sequence);
        account.happens(&Happening::Disk { full: false });
        account.happens(&Happening::Unmute);
        account.happens(&Happening::Sleep {
            next: 0,
            span: MINUTE,
        });
        account.desk.fail("A");
        let before = account.desk.inbox.len();
        account.desk.pass(NRD + 2 * GRACE);
        let reminders = account.desk.inbox[before..].iter().filter(|alert| {
            alert.step == Some(0) && matches!(alert.sort, AlertKind::Downtime { .. })
        });
        assert!(
            (1..=2).contains(&reminders.count()),
            "{}",
            account.desk.mails()
        );
    });
}

#[test]
fn after_any_history_who_only_asks_for_later_is_mailed_within_one_downtime() {
    for_all(anything(), 100, |sequence| {
        let mut account = Account::new();
        account.all_happen(sequence);
        account.happens(&Happening::Disk { full: false });
        account.happens(&Happening::Unmute);
        account.desk.succeed();
        account.desk.pass(MINUTE);
        let before = account.desk.inbox.len();
        account.desk.retry_later();
        account.desk.pass(NRD / 2);
        account.desk.restart();
        account.desk.retry_later();
        account.desk.pass(NRD / 2 + 2 * GRACE);
        let reminders = account.desk.inbox[before..].iter().filter(|alert| {
            alert.step == Some(0) && matches!(alert.sort, AlertKind::Downtime { .. })
        });
        assert_eq!(reminders.count(), 1, "{}", account.desk.mails());
    });
}

#[test]
fn no_hour_of_a_chain_has_more_mails_than_its_limit() {
    for_all(ordinary(), 400, |sequence| {
        let mut account = Account::new();
        let (tasks, mut chain) = account.desk.rules.clone();
        chain.max_per_hour = 4;
        account.desk = Desk::with(tasks, chain);
        account.all_happen(sequence);
        let limited = |alert: &&Alert| {
            matches!(
                alert.sort,
                AlertKind::First | AlertKind::New | AlertKind::HeldBack
            )
        };
        let times: Vec<Mono> = account
            .desk
            .inbox
            .iter()
            .filter(limited)
            .map(|alert| alert.at.mono)
            .collect();
        assert!(
            times.windows(5).all(|five| five[4].since(five[0]) >= HOUR),
            "{times:?}"
        );
    });
}

/// Returns when reminders were due and did not come within the grace, for a task that fails after
/// so long, then pauses for so long.
fn late_reminders(runs: &[(Duration, Duration)], nrd: Duration) -> Vec<Duration> {
    let mut desk = Desk::of(nrd);
    let outage = desk.now.mono;
    for (takes, pause) in runs {
        desk.begin(0);
        desk.pass(*takes);
        desk.end_failed(0, "A");
        desk.sleep(0, *pause);
    }
    let up = desk.now.mono.since(outage);
    let mut came = desk
        .inbox
        .iter()
        .filter(|alert| matches!(alert.sort, AlertKind::Downtime { .. }));
    let due = (1_u32..)
        .map(|count| nrd * count)
        .take_while(|due| *due + GRACE < up);
    due.filter(|due| {
        let came = came.next().map(|alert| alert.at.mono.since(outage));
        !came.is_some_and(|came| came >= *due && came <= *due + GRACE)
    })
    .collect()
}

#[test]
fn reminders_are_within_five_seconds_whatever_the_cooldown() {
    for_all((span(), span()), 60, |runs| {
        let mut runs = runs.to_vec();
        // An outage is unknown before its first run has failed.
        runs[0].0 = Duration::ZERO;
        assert_eq!(late_reminders(&runs, NRD), Vec::<Duration>::new());
    });
}

#[test]
fn reminders_are_within_five_seconds_for_steady_cooldowns_from_a_millisecond_to_two_days() {
    for (pause, runs) in [
        (MS, 40_000),
        (40 * MS, 2_000),
        (SEC, 1_000),
        (7 * SEC, 1_000),
        (MINUTE, 1_000),
        (HOUR, 200),
        (48 * HOUR, 10),
    ] {
        for nrd in [10 * SEC, 20 * MINUTE, 6 * HOUR, 24 * HOUR] {
            if pause * runs / 1000 < nrd * 100 {
                let pauses = vec![(Duration::ZERO, pause); runs as usize];
                assert_eq!(
                    late_reminders(&pauses, nrd),
                    Vec::<Duration>::new(),
                    "{pause:?} {nrd:?}"
                );
            }
        }
    }
}
