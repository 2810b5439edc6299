//! From registered functions and what is written of them to tasks that can run.

pub(super) mod functions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::inputs::Inputs;
use super::layer::Layer;
use super::options::{self, Applies, ConfigSection, OptionSpec};
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::source::SourceFile;
use super::value::Value;
use super::written::{WrittenConfig, WrittenTask};
use super::{child, function_settings, pauses, pipelines};
use crate::core::settings::{Program, Settings, TaskSettings};
use crate::task::{FunctionNames, Registration, TaskName};

/// A task that can run.
#[derive(Clone, Debug)]
pub(crate) struct TaskDefinition {
    /// Its name.
    pub(crate) name: TaskName,
    /// All its settings.
    pub(crate) settings: TaskSettings,
    /// The function, unless it is a command.
    pub(crate) function: Option<&'static Registration>,
    /// The function of the same name that a command stands in for.
    pub(crate) replaces: Option<&'static Registration>,
    /// Where it is defined: the function, or the section of the command.
    pub(crate) defined: Origin,
    /// Each of its settings with its origin.
    pub(crate) layer: Layer,
}

impl TaskDefinition {
    /// Returns how it is executed, in a word.
    pub(crate) fn sort(&self) -> &'static str {
        match (&self.settings.program, self.settings.isolate) {
            (Some(Program::Command(_)), _) => "command",
            (Some(Program::Shell(_)), _) => "shell",
            (Some(Program::Script(_)), _) => "script",
            (None, true) => "isolated",
            (None, false) => "function",
        }
    }

    /// Returns whether an option can be written for this task as it is.
    pub(crate) fn takes(&self, option: &OptionSpec) -> bool {
        let runs = match self.function {
            None => TaskExecution::AsCommand,
            Some(_) if self.settings.isolate => TaskExecution::InChild,
            Some(_) => TaskExecution::Inside,
        };
        runs.takes(option.applies)
    }
}

/// What the definition of each task needs to know.
pub(super) struct TaskSurroundings<'a> {
    /// What surrounds this process.
    pub(super) inputs: &'a Inputs,
    /// The settings of the runner.
    pub(super) settings: &'a Settings,
    /// The directory of the file; the working directory if no file was read.
    pub(super) base: &'a Path,
    /// The file that was read.
    pub(super) source: Option<&'a SourceFile>,
}

/// Defines every task: those of the binary, and those of the file.
pub(super) fn define(
    written: &WrittenConfig,
    surroundings: &TaskSurroundings<'_>,
    report: &mut ConfigReport,
) -> BTreeMap<TaskName, TaskDefinition> {
    let functions = functions::known(surroundings.inputs, report);
    let sections = sections(written, &functions, report);
    let names = functions.known().keys().chain(sections.keys());
    let mut tasks = BTreeMap::new();
    for name in names {
        if tasks.contains_key(name) {
            continue;
        }
        let function = functions.find(name);
        let own = sections.get(name).copied();
        let layer = own.map(|task| task.layer.clone()).unwrap_or_default();
        let command = is_command(&layer);
        if let (Some(task), None, false) = (own, function, command) {
            report.add(functions::unknown(name, task, &functions));
            continue;
        }
        let open = LayeredTask {
            name: name.clone(),
            function: function.filter(|_| !command),
            replaces: function.filter(|_| command),
            own: layer,
            defined: match (own, function) {
                (Some(task), _) if command => task.origin.clone(),
                (_, Some(function)) => Origin::of_function(function),
                _ => Origin::Nowhere,
            },
        };
        let task = open.define(&written.defaults, surroundings, report);
        check_recipients(&task.layer, &written.mail, report);
        tasks.insert(name.clone(), task);
    }
    tasks
}

/// Returns what is written of each task by the name that it is known as, whether its section names
/// the crate or not.
fn sections<'a>(
    written: &'a WrittenConfig,
    functions: &FunctionNames,
    report: &mut ConfigReport,
) -> BTreeMap<TaskName, &'a WrittenTask> {
    let mut sections = BTreeMap::new();
    for (name, task) in &written.tasks {
        let known = functions.resolved(name);
        if sections.insert(known.clone(), task).is_some() {
            let message = format!("`{known}` is configured twice, once as `{name}`");
            report.add(ConfigProblem::error(&task.origin, message).help("keep one of them"));
        }
    }
    sections
}

fn is_command(layer: &Layer) -> bool {
    programs().any(|option| layer.mentions(option.key))
}

fn programs() -> impl Iterator<Item = &'static OptionSpec> {
    options::of(ConfigSection::Task).filter(|option| option.applies == Applies::Program)
}

/// A task whose settings are still layers.
struct LayeredTask {
    name: TaskName,
    function: Option<&'static Registration>,
    replaces: Option<&'static Registration>,
    own: Layer,
    defined: Origin,
}

impl LayeredTask {
    fn define(
        self,
        defaults: &Layer,
        surroundings: &TaskSurroundings<'_>,
        report: &mut ConfigReport,
    ) -> TaskDefinition {
        let mut layer = self.layers(defaults, surroundings);
        let runs = self.way(&mut layer, report);
        self.judge_own(runs, report);
        let applies = |option: &OptionSpec| runs.takes(option.applies);
        let mut layer = layer.only(applies);
        let base = surroundings.inputs.cwd.as_path();
        let kill_grace = Value::Span(surroundings.settings.kill_grace);
        layer.fill("kill_grace", kill_grace, Origin::Default);
        layer.fill_defaults(ConfigSection::Task, base);
        pauses::forget_default(&mut layer);
        let program = program(&layer, surroundings.base, report);
        child::judge(&layer, surroundings.inputs, report);
        let settings = settings(&layer, runs == TaskExecution::InChild, program);
        judge_times(&self.name, &layer, &settings, report);
        function_settings::judge(
            &self.name,
            self.function,
            &layer,
            surroundings.source,
            report,
        );
        pipelines::judge(&self.name, &layer, settings.program.as_ref(), report);
        let layer = layer.only(applies);
        TaskDefinition {
            name: self.name,
            settings,
            function: self.function,
            replaces: self.replaces,
            defined: self.defined,
            layer,
        }
    }

    /// Lays what is written for this task over `[defaults]`, over the attribute.
    fn layers(&self, defaults: &Layer, surroundings: &TaskSurroundings<'_>) -> Layer {
        let attributes = self.function.map(functions::attributes).unwrap_or_default();
        let mut layer = self.own.clone().over(defaults).over(&attributes);
        let never = self.function.is_some();
        let hour = Value::Span(Duration::from_secs(3600));
        let timeout = if never { Value::Never } else { hour };
        layer.fill("timeout", timeout, Origin::Default);
        let kill_grace = Value::Span(surroundings.settings.kill_grace);
        layer.fill("kill_grace", kill_grace, Origin::Default);
        layer
    }

    /// A timeout can only be kept by a process that can be killed.
    fn way(&self, layer: &mut Layer, report: &mut ConfigReport) -> TaskExecution {
        if self.function.is_none() {
            return TaskExecution::AsCommand;
        }
        let limited = layer.get::<Option<Duration>>("timeout").flatten().is_some();
        match (layer.get::<bool>("isolate"), limited) {
            (Some(false), true) => {
                let timeout = layer.origin("timeout");
                let message = format!(
                    "`{}` has a timeout ({timeout}), which needs a child process",
                    self.name
                );
                let origin = layer.origin("isolate");
                let help = "remove `isolate = false`, or write `timeout = \"never\"` beside it";
                report.add(ConfigProblem::error(&origin, message).help(help));
                TaskExecution::InChild
            }
            (None, true) => {
                let origin = layer.origin("timeout");
                layer.set("isolate", Value::Flag(true), origin);
                TaskExecution::InChild
            }
            (Some(true), _) => TaskExecution::InChild,
            _ => TaskExecution::Inside,
        }
    }

    /// What is written for this very task must apply to it; what is in `[defaults]` applies where
    /// it can.
    fn judge_own(&self, runs: TaskExecution, report: &mut ConfigReport) {
        for (key, entry) in self.own.entries() {
            let Some(option) = options::find(ConfigSection::Task, key) else {
                continue;
            };
            if runs.takes(option.applies) {
                continue;
            }
            let name = &self.name;
            let problem = match option.applies {
                Applies::Child => ConfigProblem::error(
                    &entry.origin,
                    format!("`{key}` cannot apply to `{name}`, a function inside the runner"),
                )
                .help("run it in a child process: add `isolate = true`"),
                Applies::Function => ConfigProblem::error(
                    &entry.origin,
                    format!(
                        "`{key}` is for functions; `{name}` is a command and has its own process"
                    ),
                )
                .help("remove it"),
                _ => ConfigProblem::error(
                    &entry.origin,
                    format!("`{key}` is for commands; `{name}` is a function"),
                )
                .help("remove it"),
            };
            report.add(problem);
        }
    }
}

/// Puts the settings of a task together. The defaults are filled in.
pub(super) fn settings(layer: &Layer, isolate: bool, program: Option<Program>) -> TaskSettings {
    TaskSettings {
        success_cooldown: layer.get("success_cooldown").unwrap_or_default(),
        every: layer.get("every"),
        fail_cooldown: layer.need("fail_cooldown"),
        non_recoverable_downtime: layer.need("non_recoverable_downtime"),
        forget_after: layer.need("forget_after"),
        to: layer.get("to"),
        cc: layer.get("cc").unwrap_or_default(),
        ping: layer.get("ping").unwrap_or_default(),
        timeout: layer.need("timeout"),
        warn_after: layer.get("warn_after"),
        isolate,
        settings: layer.get("settings"),
        program,
        child: child::settings(layer),
    }
}

pub(super) fn program(layer: &Layer, base: &Path, report: &mut ConfigReport) -> Option<Program> {
    let written: Vec<&OptionSpec> = programs().filter(|o| layer.mentions(o.key)).collect();
    if let [first, second, ..] = written.as_slice() {
        let message = format!("`{}` and `{}` exclude each other", first.key, second.key);
        let origin = layer.origin(second.key);
        report.add(ConfigProblem::error(&origin, message).help("keep one of them"));
    }
    if let Some(path) = layer.get::<PathBuf>("script") {
        if let Err((message, help)) = super::script::judge(&path) {
            let message = format!("script `{}` {message}", path.display());
            let origin = layer.origin("script");
            report.add(ConfigProblem::warning(&origin, message).maybe_help(help));
        }
        return Some(Program::Script(path));
    }
    if let Some(line) = layer.get("shell") {
        return Some(Program::Shell(line));
    }
    let mut words: Vec<String> = layer.get("command")?;
    // Paths in a file are relative to that file; but a task with a directory means it from there.
    if let Some(first) = words.first_mut()
        && first.contains('/')
        && !layer.mentions("working_dir")
    {
        *first = base.join(&*first).display().to_string();
    }
    Some(Program::Command(words))
}

/// In which way a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskExecution {
    /// As a command.
    AsCommand,
    /// As a function in a child process.
    InChild,
    /// As a function inside the runner.
    Inside,
}

impl TaskExecution {
    fn takes(self, applies: Applies) -> bool {
        match applies {
            Applies::Every => true,
            Applies::Child => self != TaskExecution::Inside,
            Applies::Command | Applies::Program => self == TaskExecution::AsCommand,
            Applies::Function => self != TaskExecution::AsCommand,
        }
    }
}

/// A task that names recipients wants mail: where each mail becomes a file unasked, silence would
/// look like health.
pub(super) fn check_recipients(layer: &Layer, mail: &Layer, report: &mut ConfigReport) {
    let is_open = |key| mail.origin(key) == Origin::Default && !mail.is_broken(key);
    if !is_open("to") || !is_open("transport") {
        return;
    }
    for key in ["to", "cc"] {
        if let Some(entry) = layer.entry(key) {
            let message = format!(
                "nobody is mailed: `{key}` names recipients, and `[mail]` names no way to them"
            );
            let problem = ConfigProblem::error(&entry.origin, message).help(
                "write `to` and `server` into `[mail]`, or `to` and `transport = \"sendmail\"`",
            );
            report.add(problem.help("or, where each mail shall be a file, `transport = \"file\"`"));
        }
    }
}

/// A warning after the end would never be given.
fn judge_times(name: &TaskName, layer: &Layer, settings: &TaskSettings, report: &mut ConfigReport) {
    if let (Some(warn), Some(limit)) = (settings.warn_after, settings.timeout)
        && warn > limit
    {
        let origin = layer.origin("warn_after");
        let message =
            format!("`warn_after` of `{name}` is longer than its timeout and has no effect");
        report.add(ConfigProblem::warning(&origin, message));
    }
}
