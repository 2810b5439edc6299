//! `[liveness]`: where the last success of a chain is recorded besides STATE_DIR.

use super::layer::Layer;
use super::lock::{self, LockSurroundings};
use super::options::ConfigSection;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::settings::{LivenessSettings, LockEngine, LockSettings};

/// Puts the settings together: a server of its own, else that of the lock.
pub(super) fn settings(
    layer: &mut Layer,
    lock: &LockSettings,
    around: LockSurroundings<'_>,
    report: &mut ConfigReport,
) -> LivenessSettings {
    layer.fill_defaults(ConfigSection::Liveness, around.base);
    if !layer.mentions("backend") {
        refuse_what_has_no_effect(layer, report);
        let is_server = matches!(lock.engine, LockEngine::Consul | LockEngine::Postgres);
        let server = is_server.then(|| lock.clone());
        return LivenessSettings { server };
    }
    let word: String = layer.get("backend").unwrap_or_default();
    if word == "file" {
        refuse_what_has_no_effect(layer, report);
        return LivenessSettings::default();
    }
    let server = lock::server(layer, around, report);
    let key = lock.key.clone();
    LivenessSettings {
        server: server.map(|server| LockSettings { key, ..server }),
    }
}

/// As in `[mail]`: a key about the way to a server was meant for one.
fn refuse_what_has_no_effect(layer: &Layer, report: &mut ConfigReport) {
    for (key, entry) in layer.entries().filter(|(key, _)| *key != "backend") {
        let message = format!("`{key}` has no effect without a server");
        let help = "remove it, or write `backend = \"consul\"` or `backend = \"postgres\"`";
        report.add(ConfigProblem::error(&entry.origin, message).help(help));
    }
}
