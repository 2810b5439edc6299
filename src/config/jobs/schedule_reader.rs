//! `[schedules.NAME]`: when jobs are posted by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::job_reader::{JobReader, ReadTable, TableKeys};
use crate::config::loaded::{LoadedJob, LoadedSchedule};
use crate::config::options::ConfigSection;
use crate::config::raw::{Raw, RawKey, Shape};
use crate::config::written::WrittenJob;
use crate::job::{NAMES, OverlapMode, is_name};
use crate::schedule::{CronExpression, MissedRule, ScheduleSpec, SlotOverlap, SlotTimes};
use crate::unix::clock;

/// A shorter span is a loop, not a schedule.
const SHORTEST: Duration = Duration::from_secs(1);

impl JobReader<'_> {
    /// Reads a schedule; `jobs` are those of the file.
    pub(super) fn schedule(
        &mut self,
        written: &WrittenJob,
        jobs: &BTreeMap<String, LoadedJob>,
    ) -> Option<LoadedSchedule> {
        let name = &written.name;
        if !is_name(&name.name) {
            let message = format!("`{}` cannot be the name of a schedule", name.name);
            self.error(&name.span, message, NAMES);
            return None;
        }
        let before = self.report.errors();
        let place = format!("`[schedules.{}]`", name.name);
        let keys = [TableKeys::Section(ConfigSection::Schedule)];
        let mut table = self.table(&keys, &written.entries, &name.span, &place);
        let base = self.around.source.directory();
        table.layer.fill_defaults(ConfigSection::Schedule, base);
        let job = self.job_of(&table, name, jobs);
        let (times, zone) = self.times(&table, name)?;
        let mut spec = ScheduleSpec {
            args: self.args_of(&table, job.as_deref().and_then(|job| jobs.get(job))),
            times,
            missed: match table.layer.need::<String>("missed").as_str() {
                "skip" => MissedRule::Skip,
                _ => MissedRule::Once,
            },
            late_after: table.layer.get("late_after").map(millis),
            pause_after: table
                .layer
                .get::<i64>("pause_after")
                .and_then(|number| number.try_into().ok()),
            job: job.unwrap_or_default(),
            ..ScheduleSpec::default()
        };
        if let Some(job) = jobs.get(&spec.job) {
            take_over(&mut spec, job);
        }
        // What is wrong already would make it look as if it never ran.
        if self.report.errors() == before {
            self.check_that_it_runs(&table, &spec.times, &zone, name);
        }
        Some(LoadedSchedule { spec })
    }

    fn job_of(
        &mut self,
        table: &ReadTable<'_>,
        name: &RawKey,
        jobs: &BTreeMap<String, LoadedJob>,
    ) -> Option<String> {
        let Some(job) = table.layer.get::<String>("job") else {
            if !table.layer.is_broken("job") {
                let message = format!("`[schedules.{}]` names no `job`", name.name);
                self.error(&name.span, message, "for example `job = \"report\"`");
            }
            return None;
        };
        let span = &table.raw("job")?.span;
        if !is_name(&job) {
            let message = format!("`{job}` cannot be the name of a job");
            self.error(span, message, NAMES);
        } else if !jobs.contains_key(&job) {
            let known: BTreeSet<&str> = jobs.keys().map(String::as_str).collect();
            let meant = crate::text::suggest::did_you_mean(&job, known);
            let elsewhere =
                "its arguments are not checked: a worker with another file has to know it";
            let message = format!("this file has no `[jobs.{job}]`");
            self.warning(
                span,
                message,
                &meant.unwrap_or_else(|| elsewhere.to_owned()),
            );
        }
        Some(job)
    }

    /// Reads the arguments, checked and complete where the job is in the file.
    fn args_of(&mut self, table: &ReadTable<'_>, job: Option<&LoadedJob>) -> Value {
        let raw = table.raw("args");
        let mut given = Map::new();
        let entries = raw.and_then(|raw| self.entries("`args`", raw, "args = { width = 800 }"));
        for (key, value) in entries.unwrap_or_default() {
            if let Some(value) = self.json(&format!("`args.{}`", key.name), value) {
                given.insert(key.name.clone(), value);
            }
        }
        let given = Value::Object(given);
        let Some(job) = job else {
            return given;
        };
        let schema = &job.definition.schema.args;
        let span = raw.map_or(&table.span, |raw| &raw.span);
        if let Some(secret) = schema
            .specs
            .iter()
            .find(|spec| spec.secret && (spec.default.is_none() || given.get(&spec.name).is_some()))
        {
            let message = format!("no schedule can give the secret argument `{}`", secret.name);
            self.error(
                span,
                message,
                "let the step read a file, or give it an empty default",
            );
            return given;
        }
        match schema.check(&given) {
            Ok(args) => Value::Object(args),
            Err(errors) => {
                for line in errors.to_string().lines() {
                    self.error(span, format!("`args`: {line}"), "");
                }
                given
            }
        }
    }

    fn times(&mut self, table: &ReadTable<'_>, name: &RawKey) -> Option<(SlotTimes, TimeZone)> {
        let layer = &table.layer;
        let cron: Option<String> = layer.get("cron");
        let every: Option<Duration> = layer.get("every");
        let is_broken = layer.is_broken("cron") || layer.is_broken("every");
        match (&cron, every) {
            (Some(_), Some(_)) => {
                let span = &table.raw("every")?.span;
                let message = "`cron` and `every` exclude each other".to_owned();
                self.error(span, message, "leave one of them out");
            }
            (None, None) if !is_broken => {
                let message = format!("`[schedules.{}]` has no time", name.name);
                let help = "write `cron = \"0 3 * * *\"`, or `every = \"1h\"`";
                self.error(&name.span, message, help);
            }
            _ => {}
        }
        let (zone_name, zone) = self.zone(table, cron.is_some())?;
        if let Some(text) = &cron {
            self.check_expression(table.raw("cron")?, text);
        }
        if let Some(every) = every.filter(|every| *every < SHORTEST) {
            let span = &table.raw("every")?.span;
            let message = format!("`every` is {every:?}, less than a second");
            self.error(span, message, "a chain repeats a task as fast as it can");
        }
        let first = self.first(table, every.is_some(), &zone);
        let times = SlotTimes {
            cron,
            every: every.map(|every| u64::try_from(millis(every)).unwrap_or(u64::MAX)),
            first: first.unwrap_or(0),
            timezone: zone_name,
            exclude: self.exclude(table),
        };
        Some((times, zone))
    }

    fn zone(&mut self, table: &ReadTable<'_>, has_cron: bool) -> Option<(String, TimeZone)> {
        let Some(written) = table.layer.get::<String>("timezone") else {
            let zone = clock::local_zone();
            let name = zone
                .iana_name()
                .filter(|name| clock::zone_named(name).is_some());
            let name = name.map(str::to_owned);
            // Without any zone it is UTC.
            if name.is_none() && has_cron && !zone.is_unknown() {
                let message = "the time zone of this machine has no name".to_owned();
                let help = "write `timezone = \"Europe/Berlin\"`, or the zone that is meant";
                self.error(&table.span, message, help);
            }
            return Some((name.unwrap_or_else(|| "UTC".to_owned()), zone));
        };
        let Some(zone) = clock::zone_named(&written) else {
            let span = &table.raw("timezone")?.span;
            let names = clock::zone_names();
            let meant =
                crate::text::suggest::did_you_mean(&written, names.iter().map(String::as_str));
            let help = "a name of the time zone database, such as `Europe/Berlin` or `UTC`";
            let message = format!("`{written}` is no time zone of this machine");
            self.error(span, message, &meant.unwrap_or_else(|| help.to_owned()));
            return None;
        };
        let canonical = zone.iana_name().map_or(written, str::to_owned);
        Some((canonical, zone))
    }

    fn check_expression(&mut self, raw: &Raw, text: &str) {
        let Err(error) = CronExpression::parse(text) else {
            return;
        };
        let span = within(raw, text, &error.place);
        self.error(&span, error.message, &error.remedy);
    }

    fn first(&mut self, table: &ReadTable<'_>, has_every: bool, zone: &TimeZone) -> Option<i64> {
        let raw = table.raw("first")?;
        if !has_every {
            let message = "`first` has no effect without `every`".to_owned();
            self.error(&raw.span, message, "write `every = \"1h\"` beside it");
        }
        let text = match &raw.shape {
            Shape::Text(text) | Shape::Date(text) => text.as_str(),
            _ => "",
        };
        let moment = text.parse::<Timestamp>().ok();
        let local = || zone.to_timestamp(text.parse::<DateTime>().ok()?).ok();
        let first = moment.or_else(local);
        if first.is_none() {
            let help = "for example `\"2026-12-01 03:00\"`, in the time zone of the schedule";
            self.error(&raw.span, "`first` is no time".to_owned(), help);
        }
        first.map(Timestamp::as_millisecond)
    }

    fn check_that_it_runs(
        &mut self,
        table: &ReadTable<'_>,
        times: &SlotTimes,
        zone: &TimeZone,
        name: &RawKey,
    ) {
        let Ok(rule) = times.rule(zone.clone()) else {
            return;
        };
        let now = Timestamp::try_from(clock::wall()).unwrap_or(Timestamp::UNIX_EPOCH);
        if let Some(why) = rule.never(now) {
            let raw = table.raw("cron").or(table.raw("every"));
            let span = raw.map_or(&name.span, |raw| &raw.span);
            let message = format!("the schedule `{}` can never run: {why}", name.name);
            self.error(span, message, "");
        }
    }
}

/// Takes over what the job has for its schedules.
fn take_over(spec: &mut ScheduleSpec, job: &LoadedJob) {
    let schema = &job.definition.schema;
    spec.overlap = match schema.overlap {
        OverlapMode::Skip => SlotOverlap::Skip,
        OverlapMode::Allow => SlotOverlap::Allow,
        OverlapMode::Wait => SlotOverlap::Wait,
    };
    spec.priority = schema.priority;
    spec.expires = schema.expires.map(millis);
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Returns where in the file a part of a text is: behind its quotation mark, if no character of it
/// is written in another way.
fn within(raw: &Raw, text: &str, place: &Range<usize>) -> Range<usize> {
    match raw.span.len() == text.len() + 2 && place.start < place.end {
        true => raw.span.start + 1 + place.start..raw.span.start + 1 + place.end,
        false => raw.span.clone(),
    }
}
