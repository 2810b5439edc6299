//! The defaults of settings without a configuration: the table of options, as values.

use std::path::Path;

use super::child;
use super::layer::Layer;
use super::options::ConfigSection;
use super::origin::Origin;
use super::pauses;
use super::tasks::{self, functions};
use super::value::Value;
use crate::core::settings::{ChildSettings, TaskSettings};
use crate::task::Registration;

/// Returns the settings of a function for which nothing is written but its attribute, if it has
/// one.
pub(crate) fn settings_of_function(function: Option<&'static Registration>) -> TaskSettings {
    let attributes = function.map(functions::attributes).unwrap_or_default();
    let isolate = attributes.get("isolate").unwrap_or_default();
    let layer = defaults_of_function(attributes);
    tasks::settings(&layer, isolate, None)
}

/// Returns how many mails of first and new failures leave in an hour at most.
pub(crate) fn max_mails_per_hour() -> u32 {
    let most: i64 = of_section(ConfigSection::Mail).need("max_per_hour");
    u32::try_from(most).expect("the table of options bounds it")
}

fn of_section(section: ConfigSection) -> Layer {
    let mut layer = Layer::default();
    layer.fill_defaults(section, Path::new(""));
    layer
}

/// Fills in what holds for a function where nothing is written.
fn defaults_of_function(mut layer: Layer) -> Layer {
    let kill_grace = Value::Span(of_section(ConfigSection::Root).need("kill_grace"));
    layer.fill("kill_grace", kill_grace, Origin::Default);
    layer.fill("timeout", Value::Never, Origin::Default);
    layer.fill_defaults(ConfigSection::Task, Path::new(""));
    pauses::forget_default(&mut layer);
    layer
}

impl Default for TaskSettings {
    /// Returns what holds for a registered function where nothing is written.
    fn default() -> Self {
        settings_of_function(None)
    }
}

impl Default for ChildSettings {
    /// Returns what holds where nothing is written.
    fn default() -> Self {
        child::settings(&defaults_of_function(Layer::default()))
    }
}
