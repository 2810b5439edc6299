use std::time::UNIX_EPOCH;

use super::*;
use crate::alert::alert_kind::AlertKind;
use crate::alert::failure_kind::FailureKind;
use crate::alert::memory::OutageLimits;
use crate::alert::tally::SummaryCounts;
use crate::core::time::Mono;
use crate::task::TaskName;

const HOUR: Duration = Duration::from_secs(3600);
const LIMITS: OutageLimits = OutageLimits {
    downtime: Duration::from_secs(6 * 3600),
    forget_after: None,
};
const YEARS: Duration = Duration::from_secs(10 * 366 * 86_400);

fn moment(mono: u64, wall: u64) -> Moment {
    Moment {
        mono: Mono::BOOT + Duration::from_secs(mono),
        wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000 + wall),
    }
}

fn kind(word: &str) -> FailureKind {
    FailureKind(word.to_owned())
}

/// A memory saved at 10,000 s, of an outage that began at 1,000 s.
fn saved() -> AlertMemory {
    let name = TaskName::parse("tasks::a").unwrap();
    let mut task = TaskMemory::new(&name, 0, 6 * HOUR, moment(0, 0).mono);
    task.enter(
        &kind("A"),
        "text",
        (moment(1000, 1000), moment(1001, 1001)),
        LIMITS,
    );
    task.told(&kind("A"), moment(1001, 1001).wall);
    let mut hour = HourlyLimit::default();
    hour.take(moment(1001, 1001).mono);
    let (saved, born) = (moment(10_000, 10_000), SystemTime::UNIX_EPOCH);
    AlertMemory::new(saved, "one", born, hour, vec![task])
}

fn downtime(memory: &AlertMemory, now: Moment) -> Duration {
    let ongoing = memory.tasks[0].outage.as_ref().unwrap();
    now.mono.since(ongoing.outage.started.mono)
}

#[test]
fn it_survives_its_own_form() {
    let text = serde_json::to_string(&saved()).unwrap();
    assert_eq!(serde_json::from_str::<AlertMemory>(&text).unwrap(), saved());
}

#[test]
fn a_form_of_the_future_is_an_error_that_says_so() {
    let text = serde_json::to_string(&saved()).unwrap();
    let text = text.replacen("\"version\":1", "\"version\":2", 1);
    let error = serde_json::from_str::<AlertMemory>(&text)
        .unwrap_err()
        .to_string();
    assert!(error.contains("has form `2`"), "{error}");
}

#[test]
fn the_first_form_is_read_by_every_later_release() {
    let text = include_str!("../../../tests/fixtures/alert_memory_1.json");
    let mut expected = saved();
    // It did not count yet what a summary reports, nor the balance of downtime, nor when kinds were
    // seen.
    expected.tasks[0].tally = SummaryCounts::default();
    let old_form = |memory: &AlertMemory| {
        let mut value = serde_json::to_value(memory).unwrap();
        let task = value["tasks"][0].as_object_mut().unwrap();
        task.remove("balance");
        task["known"][0].as_object_mut().unwrap().remove("seen");
        value
    };
    let read = serde_json::from_str::<AlertMemory>(text).unwrap();
    assert_eq!(old_form(&read), old_form(&expected));
}

#[test]
fn within_one_boot_the_wall_clock_means_nothing() {
    for wall in [0, 10_000, 400_000_000] {
        let now = moment(20_000, wall);
        let memory = saved().restored(now, "one");
        assert_eq!(downtime(&memory, now), Duration::from_secs(19_000));
    }
}

#[test]
fn after_a_reboot_the_wall_clock_tells_how_long_it_was_away() {
    let now = moment(50, 13_600);
    let memory = saved().restored(now, "two");
    assert_eq!(downtime(&memory, now), Duration::from_secs(12_600));
}

#[test]
fn after_a_reboot_a_clock_that_went_back_counts_as_no_time() {
    let mut now = moment(50, 0);
    now.wall -= YEARS;
    let memory = saved().restored(now, "two");
    assert_eq!(downtime(&memory, now), Duration::from_secs(9000));
}

#[test]
fn after_a_reboot_a_clock_that_jumped_ahead_is_believed_for_a_year() {
    let mut now = moment(50, 0);
    now.wall += YEARS;
    let memory = saved().restored(now, "two");
    assert_eq!(
        downtime(&memory, now),
        LONGEST_ABSENCE + Duration::from_secs(9000)
    );
}

#[test]
fn forgetting_keeps_what_limits_mails_and_what_was_held_back() {
    let mut before = saved();
    let at = moment(10_000, 10_000);
    before.tasks[0].bucket(AlertKind::First).take(at.mono);
    before.tasks[0].usual = Some(HOUR);
    before.tasks[0]
        .held
        .add(0, AlertKind::First, &kind("B"), "b", at.wall);
    let after = before.clone().forgotten(at, "one");
    let (before, after) = (&before.tasks[0], &after.tasks[0]);
    assert!(after.outage.is_none() && after.known(&kind("A")).is_none());
    assert_eq!(after.sort_of(&kind("A")), AlertKind::First);
    assert_eq!(
        after.token(AlertKind::First),
        before.token(AlertKind::First)
    );
    assert_eq!(after.held, before.held);
    assert_eq!(after.usual, before.usual);
}

#[test]
fn forgetting_keeps_when_an_outage_began_how_many_runs_failed_and_the_last_success() {
    let mut memory = saved();
    let began = memory.tasks[0].outage.as_ref().unwrap().outage.started.wall;
    let failed = memory.tasks[0].outage.as_ref().unwrap().outage.failures;
    let success = began - Duration::from_secs(60);
    memory.tasks[0].last_success = Some(success);
    // Upgraded three times; the second runner did not live to see a run end.
    let mut runs = failed;
    for (start, fails) in [(20_000, true), (30_000, false), (40_000, true)] {
        let at = moment(start, start);
        memory = memory.forgotten(at, "one");
        let task = &mut memory.tasks[0];
        assert!(task.outage.is_none() && task.known(&kind("A")).is_none());
        if fails {
            task.enter(&kind("A"), "text", (at, at), LIMITS);
            runs += 1;
            let outage = &task.outage.as_ref().unwrap().outage;
            assert_eq!((outage.began(), outage.all_failures()), (began, runs));
            assert_eq!(outage.started.wall, at.wall);
        }
        assert_eq!(task.last_success, Some(success));
    }
    let at = moment(50_000, 50_000);
    memory = memory.forgotten(at, "one");
    memory.tasks[0].succeeded(Duration::ZERO, at.wall);
    memory.tasks[0].enter(&kind("A"), "text", (at, at), LIMITS);
    let outage = &memory.tasks[0].outage.as_ref().unwrap().outage;
    assert_eq!((outage.began(), outage.all_failures()), (at.wall, 1));
}

#[test]
fn the_least_recently_seen_kind_is_forgotten_first() {
    let mut task = saved().tasks.remove(0);
    let at = moment(20_000, 20_000);
    for number in 0..super::super::bounds::MOST_KINDS - 1 {
        task.told(&kind(&number.to_string()), at.wall);
    }
    task.enter(&kind("A"), "text", (at, at), LIMITS);
    task.told(&kind("one more"), at.wall);
    assert!(task.known(&kind("A")).is_some());
    assert!(task.known(&kind("0")).is_none());
}

#[test]
fn a_memory_of_any_history_stays_small() {
    let mut task = saved().tasks.remove(0);
    let long = "ü".repeat(10_000);
    for number in 0..10_000 {
        let (kind, at) = (kind(&number.to_string()), moment(20_000, 20_000 + number));
        task.enter(&kind, &long, (at, at), LIMITS);
        task.told(&kind, at.wall);
        task.held.add(0, AlertKind::New, &kind, &long, at.wall);
    }
    let size = serde_json::to_string(&task).unwrap().len();
    assert!(size < 128 * 1024, "{size}");
    let outage = &task.outage.unwrap().outage;
    assert_eq!(outage.kinds.len() as u64 + outage.kinds_forgotten, 10_001);
    assert_eq!(task.held.named().len() as u64 + task.held.unnamed(), 10_000);
}
