use std::time::Duration;

use super::record::OutputPlace;
use super::record::VERSION;
use super::totals::DurationHistogram;
use super::*;
use crate::core::event::RunId;

const MINUTE: Duration = Duration::from_secs(60);
const NOON: Stamp = Stamp(1_795_305_600_000_000);

fn run(at: Stamp, result: RunResult) -> Record {
    Record::Run(Box::new(RecordedRun {
        id: RunId(at.0),
        task: "tasks::a".into(),
        at,
        took: MINUTE,
        result,
        kind: None,
        text: result.is_failure().then(|| "exit 1: broken".into()),
        details: Vec::new(),
        output: None,
    }))
}

fn all() -> Vec<Record> {
    let began = Began {
        at: NOON,
        pid: 4711,
        program: "0.1.0".into(),
        tasks: vec!["tasks::a".into(), "tasks::b".into()],
        boot: 0,
    };
    let failed = RecordedRun {
        id: RunId(NOON.0),
        task: "tasks::a".into(),
        at: NOON,
        took: Duration::from_millis(1250),
        result: RunResult::Failed,
        kind: Some("7f3a00c0ffee".into()),
        text: Some("exit 1: ZeroDivisionError: division by zero".into()),
        details: vec!["caused by: nothing".into()],
        output: Some(OutputPlace {
            at: 0,
            head: 100,
            cut: 5,
            tail: 400,
        }),
    };
    let runs = RecordedRuns {
        task: "tasks::b".into(),
        at: NOON,
        until: NOON.after(MINUTE),
        count: 1000,
        took: MINUTE / 2,
        longest: Duration::from_millis(90),
        result: RunResult::Ok,
        spread: DurationHistogram::default(),
    };
    let mailed = Mailed {
        at: NOON.after(MINUTE),
        task: Some("tasks::a".into()),
        run: Some(failed.id),
        sort: "first".into(),
        headline: "First exception caught: exit 1: ZeroDivisionError: division by zero".into(),
    };
    let silent = Silent {
        run: failed.id,
        why: "same kind already mailed 21 Nov 22:46; downtime 3h < 12h".into(),
    };
    let ended = Record::Ended {
        at: NOON.after(2 * MINUTE),
        why: "SIGTERM".into(),
    };
    let mut records = vec![
        Record::Form(VERSION),
        Record::Began(began),
        Record::Run(Box::new(failed)),
        Record::Mailed(mailed),
        Record::Silent(silent),
        Record::Runs(runs),
        ended,
    ];
    let summary = summary_of(&records);
    records.push(Record::Summary(summary));
    records
}

fn summary_of(records: &[Record]) -> ChainSummary {
    let mut summary = ChainSummary::default();
    records.iter().for_each(|record| summary.add(record));
    summary
}

/// As the first release wrote it.
impl ChainSummary {
    fn without_counts(&self) -> ChainSummary {
        let mut summary = self.clone();
        summary.mails = MailTotals::default();
        for task in &mut summary.tasks {
            task.totals = Totals::default();
        }
        summary
    }
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut text = Vec::new();
    records.iter().for_each(|record| record.write_to(&mut text));
    text
}

#[test]
fn the_first_form_can_be_read_and_is_still_written() {
    let bytes = include_bytes!("../../tests/data/state/v1/history.runs");
    let lines: Vec<&[u8]> = bytes
        .trim_ascii_end()
        .split(|byte| *byte == b'\n')
        .collect();
    let read: Vec<Record> = lines
        .iter()
        .filter_map(|line| Record::parse(line))
        .collect();
    let mut expected = all();
    if let Some(Record::Summary(summary)) = expected.last_mut() {
        *summary = summary.without_counts();
    }
    assert_eq!(read, expected);
    assert_eq!(
        String::from_utf8(written(&read)).unwrap(),
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn damage_at_any_byte_is_another_record_or_none_and_never_a_panic() {
    for line in written(&all()).split(|byte| *byte == b'\n') {
        for end in 0..line.len() {
            assert_eq!(Record::parse(&line[..end]), None, "cut at {end}");
        }
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut bytes = line.to_vec();
                bytes[at] ^= 1 << bit;
                let record = Record::parse(&bytes);
                record
                    .iter()
                    .for_each(|record| ChainSummary::default().add(record));
            }
        }
    }
}

#[test]
fn what_a_later_form_adds_is_passed_over() {
    assert_eq!(Record::parse(br#"{"mood":"good"}"#), None);
    let more = br#"{"ended":{"at":1,"why":"x","mood":"good"}}"#;
    assert!(matches!(Record::parse(more), Some(Record::Ended { .. })));
}

#[test]
fn a_task_is_down_from_its_first_failure_to_its_next_success() {
    let at = |minutes: u32| NOON.after(minutes * MINUTE);
    let mut summary = ChainSummary::default();
    summary.add(&run(at(0), RunResult::Ok));
    assert_eq!(summary.tasks[0].healthy_since, Some(at(1)));
    summary.add(&run(at(5), RunResult::Failed));
    summary.add(&run(at(10), RunResult::Later));
    summary.add(&run(at(15), RunResult::Failed));
    assert_eq!(summary.tasks[0].down_since, Some(at(5)));
    assert_eq!(summary.tasks[0].failures, 2);
    assert_eq!(summary.tasks[0].healthy_since, None);
    assert_eq!(summary.tasks[0].last_success, Some(at(1)));
    summary.add(&run(at(20), RunResult::Ok));
    assert_eq!(summary.tasks[0].down_since, None);
    assert_eq!(summary.tasks[0].healthy_since, Some(at(21)));
}

#[test]
fn only_the_last_24_hours_are_counted_and_only_the_last_runs_drawn() {
    let mut summary = ChainSummary::default();
    for hour in 0..50 {
        summary.add(&run(NOON.after(60 * hour * MINUTE), RunResult::Ok));
        summary.add(&run(
            NOON.after((60 * hour + 30) * MINUTE),
            RunResult::Failed,
        ));
    }
    let now = NOON.after(60 * 50 * MINUTE);
    assert_eq!(summary.tasks[0].last_day(now), (23, 23));
    assert_eq!(
        summary.tasks[0].last_day(now.after(48 * 60 * MINUTE)),
        (0, 0)
    );
    assert_eq!(summary.tasks[0].recent.len(), 24);
}

#[test]
fn a_new_runner_keeps_what_is_known_of_the_tasks_it_still_has() {
    let mut summary = summary_of(&[run(NOON, RunResult::Ok)]);
    let began = |tasks: &[&str]| {
        Record::Began(Began {
            at: NOON,
            pid: 1,
            program: String::new(),
            tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
            boot: 0,
        })
    };
    summary.add(&began(&["tasks::b", "tasks::a"]));
    assert_eq!(summary.tasks[0].task, "tasks::b");
    assert!(summary.tasks[0].last.is_none() && summary.tasks[1].last.is_some());
    summary.add(&began(&["tasks::b"]));
    assert_eq!(summary.tasks.len(), 1);
}

#[test]
fn counts_go_on_from_runner_to_runner_and_begin_anew_with_the_machine() {
    let began = |boot| {
        Record::Began(Began {
            at: NOON,
            pid: 1,
            program: String::new(),
            tasks: vec!["tasks::a".to_owned()],
            boot,
        })
    };
    let ends = [
        RunResult::Ok,
        RunResult::Failed,
        RunResult::Interrupted,
        RunResult::Ok,
    ];
    let mut records = vec![began(7)];
    records.extend(ends.map(|result| run(NOON, result)));
    records.push(began(7));
    records.push(run(NOON, RunResult::Later));
    let mut summary = summary_of(&records);
    let totals = &summary.tasks[0].totals;
    let runs = |result| totals.runs(result);
    assert_eq!((runs(RunResult::Ok), runs(RunResult::Failed)), (2, 1));
    assert_eq!(
        (runs(RunResult::Interrupted), runs(RunResult::Later)),
        (1, 1)
    );
    assert_eq!((totals.took(), totals.spread().runs()), (4 * MINUTE, 4));
    summary.add(&began(8));
    assert_eq!(summary.tasks[0].totals, Totals::default());
    assert!(summary.tasks[0].last.is_some(), "all else is kept");
}

#[test]
fn what_took_as_long_as_a_bound_is_within_it() {
    let mut spread = DurationHistogram::default();
    for bound in BOUNDS {
        spread.count(bound, 1);
        spread.count(bound + Duration::from_nanos(1), 10);
    }
    let classes = spread.classes();
    assert_eq!((classes[0], classes[1]), (1, 11));
    assert_eq!(classes.last(), Some(&10));
    assert_eq!(spread.runs(), 11 * BOUNDS.len() as u64);
}

#[test]
fn counts_are_kept_in_few_bytes_and_read_as_they_were() {
    let summary = summary_of(&all());
    let mut line = Vec::new();
    Record::Summary(summary.clone()).write_to(&mut line);
    let text = String::from_utf8(line.clone()).unwrap();
    assert!(
        text.contains(r#""totals":{"failed":1,"took":1250000000,"spread":[0,0,0,0,0,0,1]}"#),
        "{text}"
    );
    assert!(text.contains(r#""mails":{"first":1}"#), "{text}");
    assert_eq!(Record::parse(&line), Some(Record::Summary(summary)));
}
