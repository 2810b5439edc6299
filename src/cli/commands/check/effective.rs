//! `check --effective`: every setting with its value, and who says so.

use std::io::{self, Write};

use crate::config::board;
use crate::config::options::{self, Applies, ConfigSection, Fallback, OptionSpec};
use crate::config::{Layer, Loaded, TaskDefinition};
use crate::plan::dry_run_plan::DryRunPlan;

/// Prints every setting in the form of a configuration file, each with its origin behind it.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn print(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    let transport = plan.loaded.transport();
    let engine = plan.loaded.settings.lock.engine.to_string();
    let in_use = |option: &OptionSpec| match option.section {
        ConfigSection::Mail => {
            options::transport_of(option.key).is_none_or(|owner| owner == transport)
        }
        ConfigSection::Lock => {
            options::engines_of(option.key).is_none_or(|engines| engines.contains(&engine.as_str()))
        }
        ConfigSection::MetricsPush => {
            option.key == "address" || plan.loaded.settings.metrics_push.is_some()
        }
        ConfigSection::Liveness => liveness_means_something(option.key, plan),
        ConfigSection::Board => board::means_something(option.key, &plan.loaded.settings.board),
        _ => true,
    };
    for section in [
        ConfigSection::Root,
        ConfigSection::Log,
        ConfigSection::History,
        ConfigSection::Metrics,
        ConfigSection::MetricsPush,
        ConfigSection::Lock,
        ConfigSection::Liveness,
        ConfigSection::Board,
        ConfigSection::Server,
        ConfigSection::Mail,
    ] {
        if let Some(layer) = plan.loaded.section(section) {
            print_section(out, section, section.header(), layer, &in_use)?;
        }
    }
    let mut seen: Vec<&TaskDefinition> = Vec::new();
    for task in &plan.tasks {
        if seen.iter().all(|other| other.name != task.name) {
            let in_use =
                |option: &OptionSpec| task.takes(option) && option.applies != Applies::Program;
            print_section(
                out,
                ConfigSection::Task,
                &header(task),
                &task.layer,
                &in_use,
            )?;
            seen.push(task);
        }
    }
    Ok(())
}

/// Returns whether a key of `[liveness]` means something: the way to a server means nothing
/// without one.
fn liveness_means_something(key: &str, plan: &DryRunPlan<'_>) -> bool {
    let layer = plan.loaded.section(ConfigSection::Liveness);
    let backend = layer.and_then(|layer| layer.entry("backend"));
    match backend.map(|entry| entry.value.to_string()) {
        None => key == "backend",
        Some(word) => {
            options::engines_of(key).is_none_or(|engines| engines.contains(&word.trim_matches('"')))
        }
    }
}

/// Returns the header under which the settings of a task are written.
fn header(task: &TaskDefinition) -> String {
    let path = task.name.as_str();
    match path.strip_prefix("tasks::") {
        Some(key) if !key.contains(':') => format!("[tasks.{key}]"),
        _ => format!("[tasks.\"{path}\"]"),
    }
}

/// Values that are not written are told in words, where one could write them.
fn print_section(
    out: &mut dyn Write,
    section: ConfigSection,
    header: &str,
    layer: &Layer,
    in_use: &dyn Fn(&OptionSpec) -> bool,
) -> io::Result<()> {
    if !header.is_empty() {
        writeln!(out, "\n{header}")?;
    }
    for (option, entry) in Loaded::rows(section, layer) {
        match (entry, option.default) {
            (Some(entry), _) => {
                let setting = format!("{} = {}", option.key, entry.value);
                writeln!(out, "{setting:<48} # {}", entry.origin)?;
            }
            (None, Fallback::InWords(words)) if in_use(option) => {
                writeln!(out, "# {}: {words}", option.key)?;
            }
            (None, _) => {}
        }
    }
    Ok(())
}
