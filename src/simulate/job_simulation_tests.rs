use std::time::{Duration, UNIX_EPOCH};

use super::JobSimulation;
use crate::alert::alert_kind::AlertKind;
use crate::alert::policy::{ChainRules, TaskRules, WarnAfter};
use crate::core::settings::Healed;
use crate::core::time::{Moment, Mono};
use crate::task::TaskName;

const HOUR: Duration = Duration::from_secs(3600);

fn simulation(per_hour: u32, failing: u32) -> JobSimulation {
    JobSimulation {
        job: TaskRules {
            name: TaskName::parse("jobs::resize").unwrap(),
            non_recoverable_downtime: 12 * HOUR,
            warn_after: WarnAfter::Usual,
            forget_after: None,
        },
        rules: ChainRules {
            max_per_hour: 20,
            healed: Healed::Never,
        },
        interval: HOUR / per_hour,
        failing,
        span: 30 * 24 * HOUR,
        start: Moment {
            mono: Mono::BOOT + HOUR,
            wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        },
    }
}

/// Returns how many mails of each sort thirty days bring: first and new, reminders, others.
fn mails(per_hour: u32, failing: u32) -> [usize; 3] {
    let mails = simulation(per_hour, failing).run().mails;
    let mut counts = [0; 3];
    for mail in &mails {
        counts[match mail.alert.sort {
            AlertKind::First | AlertKind::New => 0,
            AlertKind::Downtime { .. } => 1,
            _ => 2,
        }] += 1;
    }
    counts
}

#[test]
fn thirty_days_bring_no_reminder_of_a_few_failures_and_one_each_downtime_of_nothing_but_failures() {
    for per_hour in [1, 60, 6_000] {
        for failing in [1_000, 100_000, 300_000] {
            let [news, reminders, others] = mails(per_hour, failing);
            assert!(news <= 1, "{per_hour}/h, {failing}: {news}");
            assert_eq!((reminders, others), (0, 0), "{per_hour}/h, {failing}");
        }
        let [news, reminders, others] = mails(per_hour, 550_000);
        assert_eq!((news, others), (1, 0), "{per_hour}/h");
        assert!(reminders < 60, "{per_hour}/h: {reminders}");
        let [news, reminders, others] = mails(per_hour, 1_000_000);
        assert_eq!((news, others), (1, 0), "{per_hour}/h");
        assert!((59..=60).contains(&reminders), "{per_hour}/h: {reminders}");
    }
}

#[test]
fn the_first_mail_counts_what_failed_like_it() {
    let foreseen = simulation(6_000, 1_000_000).run();
    let first = foreseen.mails.first().unwrap();
    let outage = first.alert.outage.as_ref().unwrap();
    // Half a minute at a hundred a minute.
    assert!((45..=60).contains(&outage.failures), "{}", outage.failures);
}
