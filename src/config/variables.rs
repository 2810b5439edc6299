//! Overrides by environment: `RUN_FUNCTIONS_MAIL_TO`, `RUN_FUNCTIONS_TASKS_SEND_MAIL_TIMEOUT` and
//! so on.

use std::collections::BTreeMap;
use std::path::Path;

use super::inputs::Inputs;
use super::layer::Layer;
use super::options::{self, Applies, ConfigSection, OPTIONS, OptionSpec};
use super::origin::Origin;
use super::raw::Raw;
use super::report::{ConfigProblem, ConfigReport};
use super::words;
use super::written::{self, SectionPlace, WrittenConfig, WrittenTask};
use crate::task::{FunctionNames, TaskName};
use crate::text::suggest::did_you_mean;

const PREFIX: &str = "RUN_FUNCTIONS_";

/// What a variable sets.
#[derive(Clone, Debug)]
enum VariableTarget {
    Section(ConfigSection, &'static OptionSpec),
    Task(TaskName, &'static OptionSpec),
}

/// Reads the overrides into what the file sets.
pub(super) fn apply(inputs: &Inputs, written: &mut WrittenConfig, report: &mut ConfigReport) {
    let mut names = inputs.environment.keys();
    if !names.any(|name| name.to_string_lossy().starts_with(PREFIX)) {
        return;
    }
    let targets = targets(inputs, written);
    let passwords = written.mail.get::<String>("password_env");
    for (name, value) in &inputs.environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        let ours = name == "RUN_FUNCTIONS_CONFIG" || words::OF_A_RUN.contains(&name);
        if ours || passwords.as_deref() == Some(name) {
            continue;
        }
        let origin = Origin::Variable(name.to_owned());
        match (targets.get(name).map(Vec::as_slice), value.to_str()) {
            (None, _) => report.add(unknown(&origin, name, targets.keys())),
            (Some([target]), Some(text)) => {
                set(target, text, &origin, &inputs.cwd, written, report);
            }
            (Some([_]), None) => {
                report.add(ConfigProblem::error(&origin, "its value is not UTF-8"))
            }
            (Some(several), _) => report.add(ambiguous(&origin, several)),
        }
    }
}

fn unknown<'a>(
    origin: &Origin,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> ConfigProblem {
    let problem =
        ConfigProblem::warning(origin, format!("`{name}` is no setting and has no effect"));
    if name == "RUN_FUNCTIONS_MAIL_PASSWORD" {
        return problem.help("say `password_env = \"RUN_FUNCTIONS_MAIL_PASSWORD\"` in `[mail]`");
    }
    problem.maybe_help(did_you_mean(name, known.map(String::as_str)))
}

fn ambiguous(origin: &Origin, targets: &[VariableTarget]) -> ConfigProblem {
    let names: Vec<String> = targets
        .iter()
        .map(|target| match target {
            VariableTarget::Task(task, option) => format!("`{}` of `{task}`", option.key),
            VariableTarget::Section(_, option) => format!("`{}`", option.key),
        })
        .collect();
    ConfigProblem::error(origin, format!("it could mean {}", names.join(" and ")))
        .help("write the setting into the file instead")
}

/// Returns every variable that would be understood.
fn targets(inputs: &Inputs, written: &WrittenConfig) -> BTreeMap<String, Vec<VariableTarget>> {
    let mut all: BTreeMap<String, Vec<VariableTarget>> = BTreeMap::new();
    let mut add = |name: String, target| all.entry(name).or_default().push(target);
    for option in OPTIONS.iter().chain(options::of(ConfigSection::Worker)) {
        let section = match option.section {
            ConfigSection::Root => "",
            ConfigSection::Log => "LOG_",
            ConfigSection::History => "HISTORY_",
            ConfigSection::Metrics => "METRICS_",
            ConfigSection::MetricsPush => "METRICS_PUSH_",
            ConfigSection::Lock => "LOCK_",
            ConfigSection::Liveness => "LIVENESS_",
            ConfigSection::Board => "BOARD_",
            ConfigSection::Server => "SERVER_",
            ConfigSection::Mail => "MAIL_",
            ConfigSection::Task if option.applies == Applies::Program => continue,
            ConfigSection::Task => "DEFAULTS_",
            ConfigSection::Worker => "WORKER_",
            ConfigSection::Job
            | ConfigSection::Argument
            | ConfigSection::Step
            | ConfigSection::Group
            | ConfigSection::Retry
            | ConfigSection::Schedule
            | ConfigSection::Exclude => continue,
        };
        let name = format!("{PREFIX}{section}{}", option.key.to_ascii_uppercase());
        add(name, VariableTarget::Section(option.section, option));
    }
    let mut tasks: Vec<TaskName> = written.tasks.keys().cloned().collect();
    let functions = FunctionNames::of(&inputs.registered);
    tasks.extend(functions.known().keys().cloned());
    tasks.sort();
    tasks.dedup();
    for task in tasks {
        for option in options::of(ConfigSection::Task) {
            let key = option.key.to_ascii_uppercase();
            let name = format!("{PREFIX}TASKS_{}_{key}", in_capitals(&task));
            add(name, VariableTarget::Task(task.clone(), option));
        }
    }
    all
}

/// `tasks::send_mail` is `SEND_MAIL`, `a::sync` is `A_SYNC`.
fn in_capitals(task: &TaskName) -> String {
    let path = task.as_str();
    let short = path.strip_prefix("tasks::").unwrap_or(path);
    short
        .replace("::", "_")
        .replace('-', "_")
        .to_ascii_uppercase()
}

fn set(
    target: &VariableTarget,
    text: &str,
    origin: &Origin,
    cwd: &Path,
    written: &mut WrittenConfig,
    report: &mut ConfigReport,
) {
    let (layer, option) = layer_of(target, origin, written);
    let Some(raw) = Raw::of_variable(option.kind, text) else {
        let message = format!("`{}` cannot be set by the environment", option.key);
        report.add(ConfigProblem::error(origin, message).help("write it into the file"));
        return;
    };
    let place = SectionPlace {
        base: cwd,
        origin_of: &|_| origin.clone(),
    };
    written::store(layer, option, &raw, origin, place, report);
}

fn layer_of<'a>(
    target: &VariableTarget,
    origin: &Origin,
    written: &'a mut WrittenConfig,
) -> (&'a mut Layer, &'static OptionSpec) {
    match target {
        VariableTarget::Section(section, option) => (written.section(*section), option),
        VariableTarget::Task(name, option) => {
            let task = written.tasks.entry(name.clone());
            let task = task.or_insert_with(|| WrittenTask {
                origin: origin.clone(),
                layer: Layer::default(),
            });
            (&mut task.layer, option)
        }
    }
}
