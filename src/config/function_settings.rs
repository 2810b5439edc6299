//! `[tasks.NAME.settings]`: whether they are what the function takes.

use super::layer::Layer;
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::source::SourceFile;
use crate::task::{Registration, TaskName, WrittenSettings};

/// Reports settings that are written and not what the function takes.
pub(super) fn judge(
    name: &TaskName,
    function: Option<&Registration>,
    layer: &Layer,
    source: Option<&SourceFile>,
    report: &mut ConfigReport,
) {
    let check = function.and_then(|function| function.settings);
    let origin = layer.origin("settings");
    let (Some(check), Some(source), Origin::File(place)) = (check, source, &origin) else {
        return;
    };
    let written = WrittenSettings {
        text: &source.text,
        span: place.span.clone(),
    };
    if let Err(fault) = check(Some(written)) {
        let origin = fault.span.map_or(origin, |span| source.origin(span));
        let message = format!(
            "the settings of `{name}` are not what it takes: {}",
            fault.message
        );
        report.add(ConfigProblem::error(&origin, message));
    }
}

/// Returns what is wrong with a task that needs settings and has none. The other tasks of the
/// program do not mind.
pub(super) fn missing(name: &TaskName, function: &Registration) -> Option<ConfigProblem> {
    let fault = function.settings?(None).err()?;
    let message = format!("`{name}` needs settings: {}", fault.message);
    let key = name
        .as_str()
        .strip_prefix("tasks::")
        .unwrap_or(name.as_str());
    let section = match key.contains(':') {
        true => format!("[tasks.\"{key}\".settings]"),
        false => format!("[tasks.{key}.settings]"),
    };
    let problem = ConfigProblem::error(&Origin::of_function(function), message);
    Some(problem.help(format!("write them into `{section}`")))
}
