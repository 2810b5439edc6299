//! From registered functions and what is written of them to tasks that can run.

mod functions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child;
use super::inputs::Inputs;
use super::layer::Layer;
use super::options::{self, Applies, OptionSpec, Section};
use super::origin::Origin;
use super::report::{Problem, Report};
use super::value::Value;
use super::written::Written;
use crate::settings::{Program, Settings, TaskSettings};
use crate::task::{Registration, TaskName};

/// What to do when a crate's tasks are missing.
pub(super) const UNLINKED: &str = "tasks of another crate are only known when something refers to it: \
     write `use my_tasks as _;` beside your `main`";

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
    /// Tells whether an option can be written for this task as it is.
    pub(crate) fn takes(&self, option: &OptionSpec) -> bool {
        let runs = match self.function {
            None => Runs::AsCommand,
            Some(_) if self.settings.isolate => Runs::InChild,
            Some(_) => Runs::Inside,
        };
        runs.takes(option.applies)
    }
}

/// What the definition of each task needs to know.
pub(super) struct Surroundings<'a> {
    /// What surrounds this process.
    pub(super) inputs: &'a Inputs,
    /// The settings of the runner.
    pub(super) settings: &'a Settings,
    /// The directory of the file; the working directory if there is none.
    pub(super) base: &'a Path,
}

/// Defines every task: those of the binary, and those of the file.
pub(super) fn define(
    written: &Written,
    surroundings: &Surroundings<'_>,
    report: &mut Report,
) -> BTreeMap<TaskName, TaskDefinition> {
    let functions = functions::known(surroundings.inputs, report);
    let names = functions.keys().chain(written.tasks.keys());
    let mut tasks = BTreeMap::new();
    for name in names {
        if tasks.contains_key(name) {
            continue;
        }
        let function = functions.get(name).copied();
        let own = written.tasks.get(name);
        let layer = own.map(|task| task.layer.clone()).unwrap_or_default();
        let command = is_command(&layer);
        if let (Some(task), None, false) = (own, function, command) {
            report.add(functions::unknown(name, task, &functions));
            continue;
        }
        let open = Open {
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
        tasks.insert(name.clone(), task);
    }
    tasks
}

fn is_command(layer: &Layer) -> bool {
    programs().any(|option| layer.mentions(option.key))
}

fn programs() -> impl Iterator<Item = &'static OptionSpec> {
    options::of(Section::Task).filter(|option| option.applies == Applies::Program)
}

/// A task whose settings are still layers.
struct Open {
    name: TaskName,
    function: Option<&'static Registration>,
    replaces: Option<&'static Registration>,
    own: Layer,
    defined: Origin,
}

impl Open {
    fn define(
        self,
        defaults: &Layer,
        surroundings: &Surroundings<'_>,
        report: &mut Report,
    ) -> TaskDefinition {
        let mut layer = self.layers(defaults, surroundings);
        let runs = self.way(&mut layer, report);
        self.judge_own(runs, report);
        let applies = |option: &OptionSpec| runs.takes(option.applies);
        let mut layer = layer.only(applies);
        let base = surroundings.inputs.cwd.as_path();
        let kill_grace = Value::Span(surroundings.settings.kill_grace);
        layer.fill("kill_grace", kill_grace, Origin::Default);
        layer.fill_defaults(Section::Task, base);
        let program = program(&layer, surroundings.base, report);
        child::judge(&layer, surroundings.inputs, report);
        let settings = TaskSettings {
            success_cooldown: layer.need("success_cooldown"),
            fail_cooldown: layer.need("fail_cooldown"),
            non_recoverable_downtime: layer.need("non_recoverable_downtime"),
            timeout: layer.need("timeout"),
            warn_after: layer.get("warn_after"),
            isolate: runs == Runs::InChild,
            program,
            child: child::settings(&layer),
        };
        judge_times(&self.name, &layer, &settings, report);
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
    fn layers(&self, defaults: &Layer, surroundings: &Surroundings<'_>) -> Layer {
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
    fn way(&self, layer: &mut Layer, report: &mut Report) -> Runs {
        if self.function.is_none() {
            return Runs::AsCommand;
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
                report.add(Problem::error(&origin, message).help(help));
                Runs::InChild
            }
            (None, true) => {
                let origin = layer.origin("timeout");
                layer.set("isolate", Value::Flag(true), origin);
                Runs::InChild
            }
            (Some(true), _) => Runs::InChild,
            _ => Runs::Inside,
        }
    }

    /// What is written for this very task must apply to it; what is in `[defaults]` applies where it can.
    fn judge_own(&self, runs: Runs, report: &mut Report) {
        for (key, entry) in self.own.entries() {
            let Some(option) = options::find(Section::Task, key) else {
                continue;
            };
            if runs.takes(option.applies) {
                continue;
            }
            let name = &self.name;
            let problem = match option.applies {
                Applies::Child => Problem::error(
                    &entry.origin,
                    format!("`{key}` cannot apply to `{name}`, a function inside the runner"),
                )
                .help("run it in a child process: add `isolate = true`"),
                Applies::Function => Problem::error(
                    &entry.origin,
                    format!(
                        "`{key}` is for functions; `{name}` is a command and has its own process"
                    ),
                )
                .help("remove it"),
                _ => Problem::error(
                    &entry.origin,
                    format!("`{key}` is for commands; `{name}` is a function"),
                )
                .help("remove it"),
            };
            report.add(problem);
        }
    }
}

fn program(layer: &Layer, base: &Path, report: &mut Report) -> Option<Program> {
    let written: Vec<&OptionSpec> = programs().filter(|o| layer.mentions(o.key)).collect();
    if let [first, second, ..] = written.as_slice() {
        let message = format!("`{}` and `{}` exclude each other", first.key, second.key);
        let origin = layer.origin(second.key);
        report.add(Problem::error(&origin, message).help("keep one of them"));
    }
    if let Some(path) = layer.get::<PathBuf>("script") {
        if let Err((message, help)) = super::script::judge(&path) {
            let message = format!("script `{}` {message}", path.display());
            let origin = layer.origin("script");
            report.add(Problem::error(&origin, message).maybe_help(help));
        }
        return Some(Program::Script(path));
    }
    if let Some(line) = layer.get("shell") {
        return Some(Program::Shell(line));
    }
    let mut words: Vec<String> = layer.get("command")?;
    // Paths in a file are relative to that file; but who says where it runs means it from there.
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
enum Runs {
    /// As a command.
    AsCommand,
    /// As a function in a child process.
    InChild,
    /// As a function inside the runner.
    Inside,
}

impl Runs {
    fn takes(self, applies: Applies) -> bool {
        match applies {
            Applies::Every => true,
            Applies::Child => self != Runs::Inside,
            Applies::Command | Applies::Program => self == Runs::AsCommand,
            Applies::Function => self != Runs::AsCommand,
        }
    }
}

/// A warning after the end would never be given.
fn judge_times(name: &TaskName, layer: &Layer, settings: &TaskSettings, report: &mut Report) {
    if let (Some(warn), Some(limit)) = (settings.warn_after, settings.timeout)
        && warn > limit
    {
        let origin = layer.origin("warn_after");
        let message =
            format!("`warn_after` of `{name}` is longer than its timeout and has no effect");
        report.add(Problem::warning(&origin, message));
    }
}
