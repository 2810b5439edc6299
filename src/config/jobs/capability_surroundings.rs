//! What surrounds the commands of `can`.

use std::path::Path;
use std::time::Duration;

use super::inherited;
use crate::config::child;
use crate::config::layer::Layer;
use crate::config::options::ConfigSection;
use crate::config::origin::Origin;
use crate::config::value::Value;
use crate::core::settings::{ChildSettings, Leak};

/// Returns what surrounds the commands of `can`: what `[defaults]` has for all commands. They are
/// killed at the limit of their time, for they have nothing to finish.
pub(in crate::config) fn surroundings_of_can(defaults: &Layer, cwd: &Path) -> ChildSettings {
    let mut layer = inherited(defaults);
    layer.fill("kill_grace", Value::Span(Duration::ZERO), Origin::Default);
    layer.fill_defaults(ConfigSection::Task, cwd);
    ChildSettings {
        stop_signal: libc::SIGKILL,
        kill_grace: Duration::ZERO,
        ok_exit_codes: vec![0],
        retry_later_exit_codes: Vec::new(),
        fatal_exit_codes: Vec::new(),
        silence_timeout: None,
        output_file: None,
        leak: Leak::Kill,
        ..child::settings(&layer)
    }
}
