//! The schedules of a file, brought to the board.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::board::{
    ApplyMode, Board, BoardError, ScheduleChange, ScheduleChangeKind, ScheduleEntry, ScheduleFile,
    ScheduleFileAnswer,
};
use crate::config::{Loaded, LoadedSchedule};
use crate::core::hash::fnv1a;
use crate::core::time::{Moment, unix_millis};
use crate::schedule::{ScheduleSpec, SlotRule};
use crate::unix::clock;

/// Returns the schedules of a configuration as they are applied.
pub(crate) fn file_of(loaded: &Loaded, mode: ApplyMode, now: Moment) -> ScheduleFile {
    let specs = loaded
        .schedules
        .iter()
        .map(|(name, schedule)| (name, &schedule.spec));
    let text = serde_json::to_string(&specs.clone().collect::<Vec<_>>()).unwrap_or_default();
    let after = timestamp(unix_millis(now.wall));
    let entry = |(name, spec): (&String, &ScheduleSpec)| ScheduleEntry {
        name: name.clone(),
        spec: spec.clone(),
        next: next_after(spec, after),
    };
    ScheduleFile {
        project: loaded.project.clone(),
        content: format!("{:016x}", fnv1a(text.as_bytes())),
        entries: specs.map(entry).collect(),
        mode,
    }
}

/// Returns the rule of a schedule.
///
/// # Errors
///
/// When this program cannot understand its times, or the machine lacks its zone.
pub(crate) fn rule_of(spec: &ScheduleSpec) -> Result<SlotRule, String> {
    let name = &spec.times.timezone;
    let zone = match name.as_str() {
        "" => Some(jiff::tz::TimeZone::UTC),
        name => clock::zone_named(name),
    };
    let zone = zone.ok_or_else(|| format!("this machine lacks the time zone `{name}`"))?;
    spec.times.rule(zone).map_err(|error| error.to_string())
}

/// Returns the first slot of a schedule after a moment, in milliseconds since 1970.
pub(crate) fn next_after(spec: &ScheduleSpec, after: Timestamp) -> Option<i64> {
    let rule = rule_of(spec).ok()?;
    rule.next_after(after).map(Timestamp::as_millisecond)
}

/// Returns the time of milliseconds since 1970.
pub(crate) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The schedules of a worker's file, until the board has answered.
#[derive(Debug)]
pub(super) struct PendingSchedules {
    file: ScheduleFile,
    written: BTreeMap<String, LoadedSchedule>,
}

impl PendingSchedules {
    /// Takes the schedules of a configuration.
    pub(super) fn of(loaded: &Loaded) -> Self {
        PendingSchedules {
            file: file_of(loaded, ApplyMode::WhenNew, clock::now()),
            written: loaded.schedules.clone(),
        }
    }

    /// Applies them, and logs what that changes.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn apply(&self, board: &dyn Board) -> Result<(), BoardError> {
        match board.apply_schedules(&self.file)? {
            ScheduleFileAnswer::AsBefore => {}
            ScheduleFileAnswer::Replaced { at } => log::warn!(
                "The schedules of this file were replaced at {} by those of a later one; `schedules apply` brings them back",
                clock::short(timestamp(at).into())
            ),
            ScheduleFileAnswer::Applied(changes) => {
                changes.iter().for_each(|change| self.log(change));
            }
        }
        Ok(())
    }

    fn log(&self, change: &ScheduleChange) {
        let line = change_line(change, &self.written);
        match change.kind {
            ScheduleChangeKind::OfAnother { .. } => log::error!("{line}"),
            _ => log::info!("{line}"),
        }
    }
}

/// Returns a difference in words, a line without its end.
pub(crate) fn change_line(
    change: &ScheduleChange,
    schedules: &BTreeMap<String, LoadedSchedule>,
) -> String {
    let name = &change.name;
    let written = schedules.get(name).map(|schedule| &schedule.spec);
    let now = written.map(in_words).unwrap_or_default();
    match &change.kind {
        ScheduleChangeKind::Added => format!("Schedule {name} is new: {now}"),
        ScheduleChangeKind::Changed { before } => {
            let before = in_words(before);
            match before == now {
                true => format!("Schedule {name} has changed: {now}"),
                false => format!("Schedule {name} has changed: {now}; before: {before}"),
            }
        }
        ScheduleChangeKind::Removed => format!("Schedule {name} is removed"),
        ScheduleChangeKind::OfAnother { project } => format!(
            "Schedule {name} belongs to the project {project} and is left as it is; choose another name, the same `project`, or `schedules apply`"
        ),
    }
}

/// Returns what a schedule does in words: `report, every day at 03:00, Europe/Berlin`.
pub(crate) fn in_words(spec: &ScheduleSpec) -> String {
    let sentence = match rule_of(spec) {
        Ok(rule) => rule.sentence(),
        Err(why) => format!("never here: {why}"),
    };
    let args = match spec.args.as_object() {
        Some(args) if !args.is_empty() => format!(" {}", spec.args),
        _ => String::new(),
    };
    format!("{}{args}, {sentence}", spec.job)
}
