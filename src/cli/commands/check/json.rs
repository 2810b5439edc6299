//! `check --json`: the same as data.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::mutes::MuteCheck;
use crate::config::cycle::Cycle;
use crate::config::options::ConfigSection;
use crate::config::{Layer, Loaded, ProblemSeverity, TaskDefinition};
use crate::plan::dry_run_plan::DryRunPlan;
use crate::status::mail_way;

/// Prints one JSON object.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn print(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    let tasks: Vec<Value> = plan.tasks.iter().map(|task| of_task(plan, task)).collect();
    let cycle = Cycle::of(&plan.tasks);
    let settings = &plan.loaded.settings;
    let section = |section| {
        let layer = plan.loaded.section(section);
        layer.map(|layer| of_layer(section, layer))
    };
    let value = json!({
        "chain": plan.chain.as_ref().map(|chain| chain.as_str()),
        "pidfile": plan.pidfile(),
        "file": plan.loaded.file,
        "run_root": settings.run_root,
        "state_dir": settings.state_dir,
        "tasks": tasks,
        "cycle": plan.chain.as_ref().map(|_| json!({
            "success_seconds": cycle.success.as_secs_f64(),
            "failure_seconds": cycle.failure.as_secs_f64(),
        })),
        "mail": mail_way::in_a_line(&settings.mail),
        "mutes": MuteCheck::of(plan).json(),
        "settings": {
            "general": section(ConfigSection::Root),
            "log": section(ConfigSection::Log),
            "history": section(ConfigSection::History),
            "metrics": section(ConfigSection::Metrics),
            "metrics_push": section(ConfigSection::MetricsPush),
            "lock": section(ConfigSection::Lock),
            "liveness": section(ConfigSection::Liveness),
            "board": section(ConfigSection::Board),
            "server": section(ConfigSection::Server),
            "mail": section(ConfigSection::Mail),
        },
        "warnings": warnings(plan),
    });
    writeln!(out, "{value:#}")
}

/// Returns a task as data.
pub(crate) fn of_task(plan: &DryRunPlan<'_>, task: &TaskDefinition) -> Value {
    let executes = plan.executes(task);
    json!({
        "name": task.name.as_str(),
        "sort": executes.sort,
        "executes": executes.text,
        "program": executes.program,
        "trouble": executes.trouble.map(|trouble| trouble.why),
        "defined": task.defined.place(),
        "crate": task.function.map(|function| function.crate_name()),
        "settings": of_layer(ConfigSection::Task, &task.layer),
    })
}

fn of_layer(section: ConfigSection, layer: &Layer) -> Value {
    let rows = Loaded::rows(section, layer);
    let values: Map<String, Value> = rows
        .filter_map(|(option, entry)| {
            let entry = entry?;
            let value = json!({
                "value": entry.value.to_json(),
                "origin": entry.origin.to_string(),
            });
            Some((option.key.to_owned(), value))
        })
        .collect();
    Value::Object(values)
}

fn warnings(plan: &DryRunPlan<'_>) -> Vec<Value> {
    let mut report = plan.warnings();
    report.extend(plan.doubtful_directories());
    report.extend(plan.unusable_directories());
    report.extend(plan.only_at_a_login());
    let problems = report.problems().into_iter();
    let warnings = problems.filter(|problem| problem.severity == ProblemSeverity::Warning);
    warnings
        .map(|problem| {
            json!({
                "message": problem.message,
                "origin": problem.origin.to_string(),
                "help": problem.help,
            })
        })
        .collect()
}
