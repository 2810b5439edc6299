//! The pause of a task after a success, which is written in one of two ways: `success_cooldown`
//! counts from the end of a run, `every` from its start.

use super::layer::Layer;
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::written::WrittenConfig;

const EVERY: &str = "every";
const COOLDOWN: &str = "success_cooldown";

/// Settles each section that has both keys: a variable overrules the file; two in one place are an
/// error. Which of two sections holds, their layers decide.
pub(super) fn settle(written: &mut WrittenConfig, report: &mut ConfigReport) {
    let tasks = written.tasks.values_mut();
    let tasks = tasks.map(|task| &mut task.layer);
    for layer in std::iter::once(&mut written.defaults).chain(tasks) {
        settle_layer(layer, report);
    }
}

fn settle_layer(layer: &mut Layer, report: &mut ConfigReport) {
    let (Some(every), Some(cooldown)) = (layer.entry(EVERY), layer.entry(COOLDOWN)) else {
        return;
    };
    let (every, cooldown) = (every.origin.clone(), cooldown.origin.clone());
    match (every.overrides_the_file(), cooldown.overrides_the_file()) {
        (true, false) => layer.retain(|key| key != COOLDOWN),
        (false, true) => layer.retain(|key| key != EVERY),
        _ => {
            let (later, other) = match cooldown.offset() >= every.offset() {
                true => (&cooldown, &every),
                false => (&every, &cooldown),
            };
            let message = format!("`{EVERY}` and `{COOLDOWN}` exclude each other: see {other}");
            let help = "keep one of them: `every` counts from one start to the next, \
                        `success_cooldown` from the end of a run";
            report.add(ConfigProblem::error(later, message).help(help));
        }
    }
}

/// Removes the default of the key in whose place the other is written.
pub(super) fn forget_default(layer: &mut Layer) {
    if layer.mentions(EVERY) && layer.origin(COOLDOWN) == Origin::Default {
        layer.retain(|key| key != COOLDOWN);
    }
}
