//! The registered functions: which there are, and what their attributes say.

use std::collections::BTreeMap;

use super::UNLINKED;
use crate::config::inputs::Inputs;
use crate::config::layer::Layer;
use crate::config::origin::Origin;
use crate::config::report::{Problem, Report};
use crate::config::suggest::one_of;
use crate::config::value::Value;
use crate::config::written::WrittenTask;
use crate::task::{Attributes, Registration, TaskName, suggestions};

/// Returns the functions of this program by name; two of one name are reported.
pub(super) fn known(
    inputs: &Inputs,
    report: &mut Report,
) -> BTreeMap<TaskName, &'static Registration> {
    let mut known: BTreeMap<TaskName, &'static Registration> = BTreeMap::new();
    for function in &inputs.registered {
        let name = function.name();
        if let Some(other) = known.get(&name) {
            let message = format!(
                "two functions are called `{name}`: {}:{} and {}:{}",
                other.file, other.line, function.file, function.line
            );
            let problem = Problem::error(&Origin::of_function(function), message);
            report.add(problem.help("rename one, or move it into another module"));
        } else {
            known.insert(name, function);
        }
    }
    known
}

/// Tells that a section is neither a command nor about a function.
pub(super) fn unknown(
    name: &TaskName,
    task: &WrittenTask,
    functions: &BTreeMap<TaskName, &'static Registration>,
) -> Problem {
    let message =
        format!("`{name}` is no function of this program, and nothing says what it executes");
    let known: Vec<&str> = functions.keys().map(TaskName::as_str).collect();
    let mut problem = Problem::error(&task.origin, message);
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

/// Returns what the attribute of a function says.
pub(super) fn attributes(function: &'static Registration) -> Layer {
    let Attributes {
        success_cooldown,
        fail_cooldown,
        non_recoverable_downtime,
        timeout,
        warn_after,
        isolate,
    } = function.attributes;
    let limit = timeout.map(|limit| limit.map_or(Value::Never, Value::Span));
    let values = [
        ("success_cooldown", success_cooldown.map(Value::Span)),
        ("fail_cooldown", fail_cooldown.map(Value::Span)),
        (
            "non_recoverable_downtime",
            non_recoverable_downtime.map(Value::Span),
        ),
        ("timeout", limit),
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
