//! `list`: the tasks that are known, what they execute, and where they are defined.

use std::io::{self, Write};

use serde_json::Value;

use super::check;
use crate::config::{TaskDefinition, written_duration};
use crate::core::settings::TaskSettings;
use crate::plan::dry_run_plan::DryRunPlan;

/// Prints one line for each task.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn print(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    const TITLES: [&str; 4] = ["TASK", "PAUSES", "DEFINED", "EXECUTES"];
    if plan.tasks.is_empty() {
        return writeln!(
            out,
            "No task is known: write `[tasks.NAME]` into `run_functions.toml`, or register a function."
        );
    }
    let rows: Vec<[String; 4]> = plan.tasks.iter().map(|task| row(plan, task)).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).max(TITLES[column].len())
    };
    let widths = [width(0), width(1), width(2)];
    let titles = TITLES.map(str::to_owned);
    for [name, pauses, defined, executes] in std::iter::once(&titles).chain(&rows) {
        let [a, b, c] = widths;
        writeln!(out, "{name:<a$}  {pauses:<b$}  {defined:<c$}  {executes}")?;
    }
    Ok(())
}

fn row(plan: &DryRunPlan<'_>, task: &TaskDefinition) -> [String; 4] {
    let executes = plan.executes(task);
    let trouble = executes.trouble.map_or_else(String::new, |trouble| {
        format!(" (cannot start: {})", trouble.why)
    });
    [
        task.name.to_string(),
        pauses(&task.settings),
        task.defined.place(),
        format!("{}{trouble}", executes.text),
    ]
}

fn pauses(settings: &TaskSettings) -> String {
    let success = match settings.every {
        Some(every) => format!("every {}", written_duration(every)),
        None => written_duration(settings.success_cooldown),
    };
    format!("{success} / {}", written_duration(settings.fail_cooldown))
}

/// Prints the tasks as a JSON array.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn print_json(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    let tasks = plan
        .tasks
        .iter()
        .map(|task| check::json_of_task(plan, task));
    let tasks: Vec<Value> = tasks.collect();
    writeln!(out, "{:#}", Value::Array(tasks))
}
