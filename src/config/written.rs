//! Everything that has been written, section by section, before it is put together.

use std::collections::BTreeMap;
use std::path::Path;

use super::inputs::CommandLineLayers;
use super::layer::Layer;
use super::lock;
use super::options::{ConfigSection, OptionSpec};
use super::origin::Origin;
use super::raw::{Raw, RawKey};
use super::read::{self, Fault};
use super::report::{ConfigProblem, ConfigReport};
use super::value::Value;
use crate::core::settings::LogFormat;
use crate::task::TaskName;

/// What was written for one task.
#[derive(Clone, Debug)]
pub(super) struct WrittenTask {
    /// Its section, or the first variable that names it.
    pub(super) origin: Origin,
    /// Its values.
    pub(super) layer: Layer,
}

/// What was written for one job or schedule.
#[derive(Clone, Debug)]
pub(super) struct WrittenJob {
    /// The name of its section.
    pub(super) name: RawKey,
    /// Its keys and values.
    pub(super) entries: Vec<(RawKey, Raw)>,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(super) struct WrittenConfig {
    /// Before the first section.
    pub(super) root: Layer,
    /// `[log]`
    pub(super) log: Layer,
    /// `[history]`
    pub(super) history: Layer,
    /// `[metrics]`
    pub(super) metrics: Layer,
    /// `[metrics_push]`
    pub(super) metrics_push: Layer,
    /// `[lock]`
    pub(super) lock: Layer,
    /// `[liveness]`
    pub(super) liveness: Layer,
    /// `[board]`
    pub(super) board: Layer,
    /// `[server]`
    pub(super) server: Layer,
    /// `[mail]`
    pub(super) mail: Layer,
    /// `[defaults]`
    pub(super) defaults: Layer,
    /// `[tasks.NAME]`
    pub(super) tasks: BTreeMap<TaskName, WrittenTask>,
    /// `[worker]`
    pub(super) worker: Layer,
    /// Whether the file has a section `[worker]`.
    pub(super) has_worker: bool,
    /// `[jobs.NAME]`
    pub(super) jobs: Vec<WrittenJob>,
    /// `[schedules.NAME]`
    pub(super) schedules: Vec<WrittenJob>,
}

impl WrittenConfig {
    /// Returns the layer of a section; of `[defaults]` for settings of tasks and jobs.
    pub(super) fn section(&mut self, section: ConfigSection) -> &mut Layer {
        match section {
            ConfigSection::Root => &mut self.root,
            ConfigSection::Log => &mut self.log,
            ConfigSection::History => &mut self.history,
            ConfigSection::Metrics => &mut self.metrics,
            ConfigSection::MetricsPush => &mut self.metrics_push,
            ConfigSection::Lock => &mut self.lock,
            ConfigSection::Liveness => &mut self.liveness,
            ConfigSection::Board => &mut self.board,
            ConfigSection::Server => &mut self.server,
            ConfigSection::Mail => &mut self.mail,
            ConfigSection::Worker => &mut self.worker,
            ConfigSection::Task
            | ConfigSection::Job
            | ConfigSection::Argument
            | ConfigSection::Step
            | ConfigSection::Group
            | ConfigSection::Retry
            | ConfigSection::Schedule
            | ConfigSection::Exclude => &mut self.defaults,
        }
    }

    /// Lays the command line over all else.
    pub(super) fn overlay(
        &mut self,
        line: &CommandLineLayers,
        cwd: &Path,
        report: &mut ConfigReport,
    ) {
        lock::overlay(&mut self.lock, line, report);
        if let Some(path) = &line.run_root {
            let path = cwd.join(path).components().collect();
            let origin = Origin::CommandLine("--run-root");
            self.root.set("run_root", Value::Path(path), origin);
        }
        if let Some(flag) = line.kill_concurrent {
            let origin = Origin::CommandLine("--no-kill-concurrent");
            self.root.set("kill_concurrent", Value::Flag(flag), origin);
        }
        if let Some(format) = line.log_format {
            let word = match format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            };
            let origin = Origin::CommandLine("--log-format");
            self.log.set("format", Value::Text(word.to_owned()), origin);
        }
        if let Some(level) = line.log_level {
            let word = level.as_str().to_ascii_lowercase();
            let origin = Origin::CommandLine("-v or -q");
            self.log.set("level", Value::Text(word), origin);
        }
    }
}

/// Reads one value into a layer and reports what is wrong with it.
pub(super) fn store(
    layer: &mut Layer,
    option: &'static OptionSpec,
    raw: &Raw,
    origin: &Origin,
    place: SectionPlace<'_>,
    report: &mut ConfigReport,
) {
    let reading = read::read(option, raw, place.base);
    let problem = |make: fn(&Origin, String) -> ConfigProblem, fault: &Fault| {
        make(&(place.origin_of)(fault), fault.message.clone()).maybe_help(fault.help.clone())
    };
    for fault in &reading.faults {
        report.add(problem(ConfigProblem::error, fault));
    }
    for oddity in &reading.oddities {
        report.add(problem(ConfigProblem::warning, oddity));
    }
    match reading.value {
        Some(value) => layer.set(option.key, value, origin.clone()),
        None => layer.break_key(option.key),
    }
}

/// How places are shown, and where relative paths start.
#[derive(Clone, Copy)]
pub(super) struct SectionPlace<'a> {
    /// Of relative paths.
    pub(super) base: &'a Path,
    /// Where exactly a fault is.
    pub(super) origin_of: &'a dyn Fn(&Fault) -> Origin,
}
