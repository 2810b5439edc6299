//! A chain that was typed: planned, and handed to the runner.

use std::io::IsTerminal;

use log::LevelFilter;

use crate::chain::ChainName;
use crate::config::{Colour, ConfigReport, Inputs, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::plan::dry_run_plan::DryRunPlan;
use crate::runner::launch;
use crate::runner::request::{MemoryPolicy, RunRequest, Warnings};

/// Returns whether a stream has colours by default: on a terminal, unless `NO_COLOR` is set to
/// something (no-color.org).
pub(super) fn colours_by_default(stream: &impl IsTerminal) -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted && stream.is_terminal()
}

/// Returns what surrounds this process.
pub(super) fn inputs(line: crate::config::CommandLineLayers) -> Result<Inputs, CommandError> {
    let mut inputs = Inputs::of_process(line).map_err(|error| {
        let message = format!("the working directory cannot be found: {error}");
        CommandError::new(exit::CONFIG, message)
    })?;
    inputs.lock_engines = crate::lock::engines();
    Ok(inputs)
}

/// Creates the error of a wrong configuration.
pub(super) fn refused(report: &ConfigReport, colour: Colour) -> CommandError {
    CommandError::whole(report.exit_code(), report.render(colour))
}

/// Plans the chain of these tasks.
pub(super) fn plan<'a>(
    inputs: &Inputs,
    loaded: &'a Loaded,
    tasks: &[String],
    name: Option<&str>,
    colour: Colour,
) -> Result<DryRunPlan<'a>, CommandError> {
    let tasks = loaded
        .resolve(tasks)
        .map_err(|report| refused(&report, colour))?;
    let name = name.map(ChainName::typed).transpose()?;
    Ok(DryRunPlan::of_chain(loaded, tasks, name, inputs))
}

/// Returns what a start warns of.
pub(super) fn warnings(plan: &DryRunPlan<'_>) -> ConfigReport {
    let mut warnings = plan.warnings();
    warnings.extend(plan.neighbours());
    warnings.extend(plan.doubtful_directories());
    warnings
}

/// Runs a chain until it is stopped.
pub(super) fn start(
    plan: DryRunPlan<'_>,
    inputs: &Inputs,
    memory: MemoryPolicy,
    replace_unit: bool,
    colour: Colour,
) -> CommandResult {
    let warnings = warnings(&plan);
    let problems = warnings.problems().into_iter();
    launch::chain(&RunRequest {
        inputs,
        loaded: plan.loaded,
        tasks: plan.tasks,
        name: plan.chain.unwrap_or_else(|| ChainName::of(&[])),
        memory,
        replace_unit,
        warnings: Warnings {
            lines: problems.map(|problem| problem.line()).collect(),
            rendered: warnings.render(colour),
        },
    })
}

/// Returns the level of the log; `verbosity` is how often `-v` was typed, less `-q`.
pub(super) fn log_level(verbosity: i32) -> Option<LevelFilter> {
    match verbosity {
        0 => None,
        1 => Some(LevelFilter::Debug),
        -1 => Some(LevelFilter::Warn),
        2.. => Some(LevelFilter::Trace),
        _ => Some(LevelFilter::Error),
    }
}

/// Returns the first word that cannot be the name of a task.
pub(super) fn no_task_among(words: &[String]) -> Option<&String> {
    let can_be_task = |word: &String| word.contains("::") || word.contains('.');
    words.iter().find(|word| !can_be_task(word))
}
