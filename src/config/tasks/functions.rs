//! The registered functions: which there are, and what their attributes say.

use std::time::Duration;

use crate::config::inputs::Inputs;
use crate::config::layer::Layer;
use crate::config::origin::Origin;
use crate::config::report::{ConfigProblem, ConfigReport};
use crate::config::value::Value;
use crate::config::written::WrittenTask;
use crate::task::{Attributes, FunctionNames, Registration, TaskName};
use crate::text::lists::one_of;
use crate::text::suggest::suggestions;

/// What to do when a crate's tasks are missing.
pub(in crate::config) const UNLINKED: &str = "tasks of another crate are only known when something refers to it: \
     write `use my_tasks as _;` beside your `main`";

/// Returns the functions of this program by name; two that cannot be distinguished are reported.
pub(super) fn known(inputs: &Inputs, report: &mut ConfigReport) -> FunctionNames {
    let names = FunctionNames::of(&inputs.registered);
    for (other, function) in names.clashes() {
        let message = format!(
            "two functions are called `{}`: {}:{} and {}:{}",
            function.name(),
            other.file,
            other.line,
            function.file,
            function.line
        );
        let problem = ConfigProblem::error(&Origin::of_function(function), message);
        let help = "choose another name in the attribute, `#[run_functions::task(name = \"tasks::another\")]`";
        report.add(problem.help(help));
    }
    names
}

/// Returns which functions share a name.
pub(crate) fn sharing(name: &TaskName, names: &FunctionNames) -> Option<String> {
    let sharing = names.sharing(name);
    let told = || one_of(sharing.iter().map(TaskName::as_str));
    (!sharing.is_empty())
        .then(|| format!("several functions are called `{name}`: write {}", told()))
}

/// Returns the problem that a section is neither a command nor about a function.
pub(super) fn unknown(
    name: &TaskName,
    task: &WrittenTask,
    functions: &FunctionNames,
) -> ConfigProblem {
    if let Some(message) = sharing(name, functions) {
        return ConfigProblem::error(&task.origin, message);
    }
    let functions = functions.known();
    let message =
        format!("`{name}` is no function of this program, and nothing says what it executes");
    let known: Vec<&str> = functions.keys().map(TaskName::as_str).collect();
    let mut problem = ConfigProblem::error(&task.origin, message);
    if let Some(meant) = suggestions(name.as_str(), known.iter().copied()).first() {
        problem = problem.help(format!("did you mean `{meant}`?"));
    }
    if !task.layer.mentions("command") {
        problem = problem.help(
            "for a command, add `command = [\"program\", \"argument\"]`, `shell` or `script`",
        );
    }
    if known.is_empty() {
        problem = problem.help("this program has no functions of its own");
    } else {
        problem = problem.help(format!("its functions are {}", one_of(known)));
    }
    problem.help(UNLINKED)
}

/// Returns what the attribute of a function sets.
pub(in crate::config) fn attributes(function: &'static Registration) -> Layer {
    let Attributes {
        success_cooldown,
        every,
        fail_cooldown,
        non_recoverable_downtime,
        forget_after,
        timeout,
        warn_after,
        isolate,
    } = function.attributes;
    let or_never = |span: Option<Duration>| span.map_or(Value::Never, Value::Span);
    let values = [
        ("success_cooldown", success_cooldown.map(Value::Span)),
        ("every", every.map(Value::Span)),
        ("fail_cooldown", fail_cooldown.map(Value::Span)),
        (
            "non_recoverable_downtime",
            non_recoverable_downtime.map(Value::Span),
        ),
        ("forget_after", forget_after.map(or_never)),
        ("timeout", timeout.map(or_never)),
        ("warn_after", warn_after.map(Value::Span)),
        ("isolate", isolate.map(Value::Flag)),
    ];
    let mut layer = Layer::default();
    for (key, value) in values {
        if let Some(value) = value {
            layer.set(key, value, Origin::of_function(function));
        }
    }
    layer
}
