use super::super::outages::{MailsOf, OutageEnd};
use super::*;

fn only(report: &HistoryReport) -> &super::super::model::TaskReport {
    let tasks: Vec<_> = report.tasks().collect();
    assert_eq!(tasks.len(), 1);
    tasks[0]
}

#[test]
fn an_outage_is_from_the_first_failure_to_the_end_of_the_next_success() {
    let past = Past::of(&["tasks::a"]).ok(10 * HOUR, 1.0);
    let past = past
        .failed(9 * HOUR, "exit 1: x")
        .failed(8 * HOUR, "exit 1: x");
    let past = past.run("tasks::a", 7 * HOUR, 5.0, RunResult::Later, "");
    let past = past.run("tasks::a", 6 * HOUR, 5.0, RunResult::Interrupted, "");
    let report = past.ok(5 * HOUR, 60.0).ok(4 * HOUR, 1.0).report();
    let task = only(&report);
    assert_eq!(task.outages.count, 1);
    let outage = &task.outages.latest[0];
    assert_eq!(
        (outage.since, outage.until),
        (ago(9 * HOUR), OutageEnd::Healed(ago(5 * HOUR - 60)))
    );
    assert_eq!(outage.failures, 2);
    assert_eq!(task.outages.long, Duration::from_secs(4 * HOUR + 60));
    assert_eq!((task.runs.ok, task.runs.failed, task.runs.other), (3, 2, 2));
}

#[test]
fn an_outage_tells_its_kinds_and_its_mails() {
    let report = a_month().report_with(running(down()));
    let task = only(&report);
    assert_eq!(task.outages.count, 2);
    let outage = &task.outages.latest[0];
    let kinds: Vec<_> = outage
        .kinds
        .iter()
        .map(|kind| (kind.text.as_str(), kind.count))
        .collect();
    assert_eq!(kinds, [("exit 1: no answer", 3), ("exit 2: no route", 1)]);
    let sorts: Vec<_> = outage
        .mails
        .iter()
        .map(|MailsOf { sort, count, .. }| (sort.as_str(), *count))
        .collect();
    assert_eq!(sorts, [("first", 1), ("new", 1), ("downtime", 1)]);
    assert_eq!(
        outage.silent.as_deref(),
        Some("same kind already mailed; downtime 6h < 12h")
    );
    assert_eq!(task.outages.latest[1].until, OutageEnd::Open);
    assert_eq!(task.mails, 4);
}

#[test]
fn reminders_of_a_long_outage_are_counted_together() {
    let mut past = Past::of(&["tasks::a"])
        .failed(40 * DAY, "exit 1: x")
        .mailed(40 * DAY, "first");
    for day in (1..40).rev() {
        past = past
            .failed(day * DAY, "exit 1: x")
            .mailed(day * DAY, "again");
    }
    let report = past.report_with(running(down()));
    let mails = &only(&report).outages.latest[0].mails;
    assert_eq!(mails.len(), 2);
    assert_eq!(
        (mails[1].first, mails[1].last, mails[1].count),
        (ago(39 * DAY), ago(DAY), 39)
    );
}

#[test]
fn what_was_before_the_90_days_counts_only_as_far_as_it_reaches_into_them() {
    let start = 89 * DAY + 3 * HOUR + 20 * MINUTE;
    let past = Past::of(&["tasks::a"])
        .failed(99 * DAY, "exit 1: old")
        .ok(98 * DAY, 1.0);
    let past = past.failed(95 * DAY, "exit 1: x").mailed(95 * DAY, "first");
    let report = past.ok(start - HOUR, 0.0).report();
    let task = only(&report);
    assert_eq!((task.runs.ok, task.runs.failed, task.mails), (1, 0, 0));
    assert_eq!(task.outages.count, 1);
    assert_eq!(task.outages.long, Duration::from_secs(HOUR));
    assert!(task.days[0].is_down && !task.days[1].is_down);
}

#[test]
fn a_task_that_left_the_chain_is_told_and_not_down() {
    let past = Past::of(&["tasks::a", "tasks::b"]).failed(9 * HOUR, "exit 1: x");
    let past =
        past.began(8 * HOUR, &["tasks::b"])
            .run("tasks::b", 7 * HOUR, 1.0, RunResult::Ok, "");
    let now = CurrentState {
        schedules: Vec::new(),
        chains: vec![ChainNow {
            tasks: vec![TaskNow {
                label: "tasks::b".to_owned(),
                state: TaskState::Healthy { since: None },
                muted: None,
            }],
            ..running(TaskState::Unknown).chains.remove(0)
        }],
        mail_trouble: None,
    };
    let report = past.report_with(now);
    let tasks: Vec<_> = report
        .tasks()
        .map(|task| (task.label.as_str(), task.state.clone()))
        .collect();
    assert_eq!(tasks[0].0, "tasks::b");
    assert_eq!(tasks[1], ("tasks::a", TaskState::Gone));
    let gone = report.tasks().nth(1).unwrap();
    assert_eq!(gone.outages.latest[0].until, OutageEnd::Gone(ago(8 * HOUR)));
    assert_eq!(report.down(), 0);
}

#[test]
fn a_chain_without_a_runner_is_not_called_healthy() {
    let report = Past::of(&["tasks::a"]).ok(HOUR, 1.0).report();
    assert_eq!(only(&report).state, TaskState::WasHealthy);
    assert_eq!(report.stopped(), 1);
    let report = Past::of(&["tasks::a"]).failed(HOUR, "exit 1: x").report();
    assert!(only(&report).is_down());
}

#[test]
fn runs_that_were_counted_together_count_one_by_one() {
    use crate::history::{DurationHistogram, RecordedRuns};
    let mut past = Past::of(&["tasks::a"]).failed(2 * HOUR, "exit 1: x");
    past.records.push(Record::Runs(RecordedRuns {
        task: "tasks::a".to_owned(),
        at: ago(HOUR),
        until: ago(HOUR - 10),
        count: 1_000_000,
        took: Duration::from_secs(10),
        longest: Duration::from_secs(2),
        result: RunResult::Ok,
        spread: DurationHistogram::default(),
    }));
    let report = past.report();
    let task = only(&report);
    assert_eq!((task.runs.ok, task.outages.count), (1_000_000, 1));
    let spread = task.durations.whole.unwrap();
    assert_eq!(
        (spread.median, spread.longest),
        (Duration::from_micros(10), Duration::from_secs(2))
    );
}

#[test]
fn the_terminal_reads_well() {
    let report = a_month().report_with(running(down()));
    let screen = ReportScreen {
        width: Some(80),
        colours: false,
    };
    insta::assert_snapshot!(text(&report, screen), @"
    web1, 25 Aug to 22 Nov 2026 03:20
    The task is down
    120 runs, 95.8 % ok; 2 outages (1day 2h in all); 4 mails

    a: tasks::a runs since 5s (pid 4711, up 2days)
      tasks::a  down since 22 Nov 01:20 (2h), 3 failures
        exit 1: the disk is full
        120 runs, 95.8 % ok; half within 2s 500ms, 95 of 100 within 3s
        25 Aug  ······························
        24 Sep  ·····························■
        24 Oct  ■■■■■■■■■■■■■■■■■■■✗■■■■■■■■■✗
        took                                           ██████████████✗█████✗
                up to 3s
        22 Nov 01:20 – now: down for 2h so far, 1 failure
          1 × exit 1: the disk is full
          1 mail: new failure 22 Nov 01:20
        12 Nov 03:20 – 13 Nov 03:20: down for 1day 2s, 4 failures
          3 × exit 1: no answer
          1 × exit 2: no route
          3 mails: first failure 12 Nov 03:20, new failure 12 Nov 15:20, downtime
          reached 12 Nov 21:20

    A day: ■ ok, ✗ with failures, · without a run. What a run took: the median, ✗
    failures.
    ");
}

#[test]
fn a_mute_is_told_below_what_it_is_about() {
    let mut now = running(down());
    now.chains[0].muted = Some(MuteReport {
        held_back: 0,
        ..muted("kim", "")
    });
    now.chains[0].tasks[0].muted = Some(muted("kim (as root)", "a new disk comes at noon"));
    let screen = ReportScreen {
        width: Some(60),
        colours: true,
    };
    let text = text(&a_month().report_with(now), screen);
    let lines: Vec<&str> = text.lines().skip(4).take(6).collect();
    insta::assert_snapshot!(lines.join("\n").replace('\x1b', "^"), @r"
    ^[1ma: tasks::a runs since 5s (pid 4711, up 2days)^[0m
      ^[33mmuted until 22 Nov 13:20 by kim: no mails held back^[0m
      ^[31mtasks::a  down since 22 Nov 01:20 (2h), 3 failures^[0m
        exit 1: the disk is full
        ^[33mmuted until 22 Nov 13:20 by kim (as root) (a new disk^[0m
        ^[33mcomes at noon): 3 mails held back^[0m
    ");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut now = running(down());
    now.chains[0].tasks[0].muted = Some(muted("kim", "a new disk comes at noon"));
    let report = a_month().report_with(now);
    for width in [80, 60, 40, 20, 19, 18, 5] {
        for colours in [false, true] {
            let screen = ReportScreen {
                width: Some(width),
                colours,
            };
            for line in text(&report, screen).lines() {
                let plain = line.replace("\x1b[0m", "").replace("\x1b[1m", "");
                let plain = plain.replace("\x1b[31m", "").replace("\x1b[32m", "");
                let plain = plain.replace("\x1b[33m", "");
                assert!(plain.chars().count() <= width, "{width}: {plain}");
                assert!(!plain.contains('\x1b'));
            }
        }
    }
}
