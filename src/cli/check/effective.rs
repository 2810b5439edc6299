//! `check --effective`: every setting with its value, and who says so.

use std::io::{self, Write};

use crate::cli::plan::Plan;
use crate::config::options::{Fallback, Section};
use crate::config::{Layer, Loaded, TaskDefinition};

/// Prints every setting in the form of a configuration file, each with its origin behind it.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn print(out: &mut dyn Write, plan: &Plan<'_>) -> io::Result<()> {
    for section in [Section::Root, Section::Log, Section::Mail] {
        if let Some(layer) = plan.loaded.section(section) {
            print_section(out, section, section.header(), layer)?;
        }
    }
    let mut seen: Vec<&TaskDefinition> = Vec::new();
    for task in &plan.tasks {
        if seen.iter().all(|other| other.name != task.name) {
            print_section(out, Section::Task, &header(task), &task.layer)?;
            seen.push(task);
        }
    }
    Ok(())
}

/// Returns the header under which the settings of a task are written.
fn header(task: &TaskDefinition) -> String {
    let path = task.name.as_str();
    match path.strip_prefix("tasks::") {
        Some(key) if !key.contains(':') => format!("[tasks.{key}]"),
        _ => format!("[tasks.\"{path}\"]"),
    }
}

fn print_section(
    out: &mut dyn Write,
    section: Section,
    header: &str,
    layer: &Layer,
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
            (None, Fallback::InWords(words)) => {
                writeln!(out, "# {}: {words}", option.key)?;
            }
            // It does not apply here: to a function inside the runner, or with this transport.
            (None, Fallback::Written(_)) => {}
        }
    }
    Ok(())
}
