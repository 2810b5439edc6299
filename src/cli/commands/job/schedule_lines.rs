//! Schedules as people and programs read them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::job_json::time;
use super::time::of_millis;
use crate::board::{ScheduleRecord, ScheduledJob};
use crate::cli::output::{on_one_line, plain};
use crate::core::time::in_words as duration_in_words;
use crate::schedule::{MissedRule, ScheduleSpec};
use crate::unix::clock::{self, short, to_the_minute};
use crate::worker::applied_schedules::{in_words, rule_of, timestamp};

/// How many of the next times are shown where nothing else is asked for.
pub(crate) const NEXT_TIMES: usize = 3;

/// Returns the next times of a schedule from now on, in its zone: `Tue 01 Dec 03:00 CET`.
pub(crate) fn foreseen(spec: &ScheduleSpec, at_most: usize) -> Vec<String> {
    let now = Timestamp::try_from(clock::wall()).unwrap_or(Timestamp::UNIX_EPOCH);
    in_its_zone(spec, &slots(spec, None, now, at_most))
}

fn in_its_zone(spec: &ScheduleSpec, slots: &[Timestamp]) -> Vec<String> {
    let Ok(rule) = rule_of(spec) else {
        return Vec::new();
    };
    let is_whole = slots.iter().all(|slot| slot.as_second() % 60 == 0);
    let time = if is_whole { "%H:%M" } else { "%H:%M:%S" };
    let zoned = slots.iter().map(|slot| slot.to_zoned(rule.zone().clone()));
    let in_words = zoned.map(|slot| {
        let year = if clock::is_far_ahead(slot.timestamp().into()) {
            " %Y"
        } else {
            ""
        };
        slot.strftime(&format!("%a %d %b{year} {time} %Z"))
            .to_string()
    });
    in_words.collect()
}

/// Returns the next slots: the planned one, and those after it.
fn slots(
    spec: &ScheduleSpec,
    planned: Option<i64>,
    now: Timestamp,
    at_most: usize,
) -> Vec<Timestamp> {
    let Ok(rule) = rule_of(spec) else {
        return Vec::new();
    };
    let Some(planned) = planned.map(timestamp) else {
        return rule.next_slots(now, at_most);
    };
    let mut slots = vec![planned];
    slots.extend(rule.next_slots(planned.max(now), at_most - 1));
    slots
}

fn next_slots(record: &ScheduleRecord, at_most: usize) -> Vec<Timestamp> {
    let now = Timestamp::try_from(clock::wall()).unwrap_or(Timestamp::UNIX_EPOCH);
    match record.next {
        Some(next) => slots(&record.spec, Some(next), now, at_most),
        None => Vec::new(),
    }
}

/// Returns the lines of a schedule in the list.
pub(super) fn lines(record: &ScheduleRecord, times: usize) -> String {
    let mut text = format!("{}  {}\n", record.name, in_words(&record.spec));
    if let Some(pause) = &record.pause {
        let by = match &pause.by {
            Some(user) => format!(" by {}", on_one_line(user)),
            None => String::new(),
        };
        let why = match pause.why.is_empty() {
            true => String::new(),
            false => format!(": {}", on_one_line(&pause.why)),
        };
        let since = to_the_minute(of_millis(pause.since));
        row(&mut text, "paused", &format!("{since}{by}{why}"));
    } else {
        let next = in_its_zone(&record.spec, &next_slots(record, times));
        let next = match next.is_empty() {
            true => "never".to_owned(),
            false => next.join(", "),
        };
        row(&mut text, "next", &next);
    }
    if !record.jobs.is_empty() {
        let jobs: Vec<String> = record.jobs.iter().map(job_in_words).collect();
        row(&mut text, "last", &jobs.join(", "));
    }
    text
}

/// Returns what else is known of a schedule.
pub(super) fn details(record: &ScheduleRecord) -> String {
    let mut text = String::new();
    let spec = &record.spec;
    row(&mut text, "project", &plain(&record.project));
    let missed = match spec.missed {
        MissedRule::Once => "one job makes up for times without a worker",
        MissedRule::Skip => "times without a worker are skipped",
    };
    row(&mut text, "missed", missed);
    let span = |millis: i64| duration_in_words(Duration::from_millis(millis.unsigned_abs()));
    if let Some(late_after) = spec.late_after {
        let late = format!("mailed when a job has not begun after {}", span(late_after));
        row(&mut text, "late", &late);
    }
    if let Some(failures) = spec.pause_after {
        let pauses = format!(
            "after {failures} failures in a row; now {}",
            record.failures
        );
        row(&mut text, "pauses", &pauses);
    }
    let counts = format!(
        "{} posted, {} missed, {} skipped while a job was there",
        record.posted, record.missed, record.skipped
    );
    row(&mut text, "times", &counts);
    text
}

fn row(text: &mut String, label: &str, what: &str) {
    text.push_str(&format!("  {label:<8} {what}\n"));
}

fn job_in_words(job: &ScheduledJob) -> String {
    let at = job.slot.or(job.ended).map(of_millis).map(short);
    let at = at.map(|at| format!(" {at}")).unwrap_or_default();
    let by_hand = if job.slot.is_none() { ", by hand" } else { "" };
    format!("{}{at} (job {}{by_hand})", job.state.word(), job.id)
}

/// Returns a schedule as data.
pub(super) fn schedule_json(record: &ScheduleRecord, times: usize) -> Value {
    let spec = &record.spec;
    let next = next_slots(record, times);
    let next = next.into_iter().map(|slot| time(slot.as_millisecond()));
    let pause = record
        .pause
        .as_ref()
        .map(|pause| json!({ "since": time(pause.since), "by": pause.by, "why": pause.why }));
    let jobs = record.jobs.iter().map(|job| {
        json!({
            "id": job.id,
            "state": job.state.word(),
            "slot": job.slot.map(time),
            "ended": job.ended.map(time),
        })
    });
    json!({
        "name": record.name,
        "project": record.project,
        "job": spec.job,
        "args": spec.args,
        "in_words": in_words(spec),
        "cron": spec.times.cron,
        "every_ms": spec.times.every,
        "timezone": spec.times.timezone,
        "missed_rule": spec.missed,
        "overlap": spec.overlap,
        "next": next.collect::<Vec<_>>(),
        "paused": pause,
        "failures": record.failures,
        "posted": record.posted,
        "missed": record.missed,
        "skipped": record.skipped,
        "jobs": jobs.collect::<Vec<Value>>(),
    })
}
