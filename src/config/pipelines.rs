//! Pipelines, which hide failures unless their task has `pipefail`.

use std::fmt::Display;

use super::layer::Layer;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::settings::Program;
use crate::text::pipeline::{self, Pipelines};

/// Warns of a pipeline whose task does not set `pipefail`. In a pipeline only the last command
/// counts: a backup whose `pg_dump` is missing would be a success.
pub(super) fn judge(
    name: &dyn Display,
    layer: &Layer,
    program: Option<&Program>,
    report: &mut ConfigReport,
) {
    let (key, pipelines) = match program {
        Some(Program::Shell(text)) => ("shell", pipeline::of_text(text)),
        Some(Program::Command(words)) => ("command", pipeline::of_command(words)),
        _ => return,
    };
    if layer.mentions("pipefail") || pipelines != Pipelines::Hiding {
        return;
    }
    let remedy = match key {
        "shell" => {
            "`pipefail = true` makes any of them count; `pipefail = false` leaves it as it is, without this warning"
        }
        _ => {
            "begin the text with `set -o pipefail;` (bash, or a newer dash), or write it as `shell = \"…\"` with `pipefail = true`; \
             `pipefail = false` leaves it as it is, without this warning"
        }
    };
    let message = format!("a pipeline in `{name}` hides failures: only its last command counts");
    report.add(ConfigProblem::warning(&layer.origin(key), message).help(remedy));
}
