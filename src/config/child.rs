//! What surrounds a child process: put together, and checked against this machine.
//!
//! What the machine lacks is a warning: it may be there when the task runs (a mount that is late at
//! boot), and concerns no other task. The run of the task fails if it is not.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::inputs::Inputs;
use super::layer::Layer;
use super::mail::cannot_be_read;
use super::report::{ConfigProblem, ConfigReport};
use super::runner::judge_parent;
use crate::core::settings::{ChildSettings, Leak, LogOutput};

/// Puts the settings together. The defaults are filled in.
pub(super) fn settings(layer: &Layer) -> ChildSettings {
    ChildSettings {
        pipefail: layer.get("pipefail"),
        working_dir: layer.get("working_dir"),
        env: layer.get("env").unwrap_or_default(),
        env_clear: layer.need("env_clear"),
        env_pass: layer.get("env_pass").unwrap_or_default(),
        user: layer.get("user"),
        group: layer.get("group"),
        nice: number(layer, "nice"),
        ionice: layer.get("ionice"),
        umask: layer.get("umask"),
        rlimits: layer.get::<BTreeMap<_, _>>("rlimits").unwrap_or_default(),
        stdin: layer.get("stdin"),
        ok_exit_codes: layer.need("ok_exit_codes"),
        retry_later_exit_codes: layer.need("retry_later_exit_codes"),
        fatal_exit_codes: layer.need("fatal_exit_codes"),
        silence_timeout: layer.need::<Option<Duration>>("silence_timeout"),
        stop_signal: layer.need("stop_signal"),
        kill_grace: layer.need("kill_grace"),
        leak: match layer.need::<String>("leak").as_str() {
            "warn" => Leak::Warn,
            "allow" => Leak::Allow,
            _ => Leak::Kill,
        },
        max_log_bytes: number(layer, "max_log_bytes").unwrap_or_default(),
        log_output: match layer.need::<String>("log_output").as_str() {
            "none" => LogOutput::None,
            "always" => LogOutput::Always,
            _ => LogOutput::OnFailure,
        },
        output_file: layer.get("output_file"),
    }
}

fn number<T: TryFrom<i64>>(layer: &Layer, key: &str) -> Option<T> {
    T::try_from(layer.get::<i64>(key)?).ok()
}

/// Reports what cannot work on this machine, or together.
pub(super) fn judge(layer: &Layer, inputs: &Inputs, report: &mut ConfigReport) {
    judge_paths(layer, report);
    judge_user(layer, inputs, report);
    judge_codes(layer, report);
    if layer.mentions("env_pass") && layer.get("env_clear") != Some(true) {
        let message = "`env_pass` has no effect without `env_clear = true`";
        report.add(ConfigProblem::warning(&layer.origin("env_pass"), message));
    }
    if layer.get::<i64>("nice").is_some_and(|nice| nice < 0) && !inputs.is_root() {
        let message = "a negative `nice` needs root, and this is another user";
        report.add(ConfigProblem::warning(&layer.origin("nice"), message));
    }
}

fn judge_paths(layer: &Layer, report: &mut ConfigReport) {
    if let Some(path) = layer.get::<PathBuf>("working_dir") {
        let wrong = match path.metadata() {
            Ok(meta) if meta.is_dir() => None,
            Ok(_) => Some("is not a directory".to_owned()),
            Err(error) => Some(cannot_be_read(&error)),
        };
        if let Some(wrong) = wrong {
            let message = format!("`working_dir` {wrong}: `{}`", path.display());
            report.add(ConfigProblem::warning(
                &layer.origin("working_dir"),
                message,
            ));
        }
    }
    if let Some(path) = layer.get::<PathBuf>("stdin") {
        let wrong = match path.metadata() {
            Ok(meta) if meta.is_dir() => Some("is a directory".to_owned()),
            Ok(_) => None,
            Err(error) => Some(cannot_be_read(&error)),
        };
        if let Some(wrong) = wrong {
            let message = format!("`stdin` {wrong}: `{}`", path.display());
            report.add(ConfigProblem::warning(&layer.origin("stdin"), message));
        }
    }
    if let Some(path) = layer.get::<PathBuf>("output_file") {
        judge_parent(layer, "output_file", &path, report);
        judge_output_file(layer, &path, report);
    }
}

/// A pipe could block the runner, and a device is no place to look things up.
fn judge_output_file(layer: &Layer, path: &Path, report: &mut ConfigReport) {
    let odd = |meta: Metadata| !meta.is_file() && !meta.is_dir();
    if path != Path::new("/dev/null") && path.metadata().is_ok_and(odd) {
        let message = format!("`output_file` is not a regular file: `{}`", path.display());
        report.add(ConfigProblem::warning(
            &layer.origin("output_file"),
            message,
        ));
    }
}

/// Only root may become another user. A process of that user already needs no permission.
fn judge_user(layer: &Layer, inputs: &Inputs, report: &mut ConfigReport) {
    for (key, find) in [("user", inputs.user), ("group", inputs.group)] {
        let Some(name) = layer.get::<String>(key) else {
            continue;
        };
        let origin = layer.origin(key);
        match find(&name) {
            None => {
                let message = format!("{key} `{name}` does not exist on this machine");
                report.add(ConfigProblem::warning(&origin, message));
            }
            Some(id) if inputs.is_root() || (key == "user" && id == inputs.uid) => {}
            Some(_) => {
                let message = format!("running as {key} `{name}` needs root");
                let help = format!("start this as root, or remove `{key}`");
                report.add(ConfigProblem::warning(&origin, message).help(help));
            }
        }
    }
}

fn judge_codes(layer: &Layer, report: &mut ConfigReport) {
    let lists = [
        "ok_exit_codes",
        "retry_later_exit_codes",
        "fatal_exit_codes",
    ];
    for (at, first) in lists.into_iter().enumerate() {
        for second in lists.into_iter().skip(at + 1) {
            let codes: Vec<i32> = layer.get(first).unwrap_or_default();
            let others: Vec<i32> = layer.get(second).unwrap_or_default();
            let Some(code) = codes.iter().find(|code| others.contains(code)) else {
                continue;
            };
            // The mistake is in the list that was written, not in a default.
            let place = [second, first]
                .map(|key| layer.origin(key))
                .into_iter()
                .min_by_key(|origin| *origin == super::origin::Origin::Default);
            let message = format!("exit code {code} is in `{first}` and in `{second}`");
            let origin = place.unwrap_or(super::origin::Origin::Nowhere);
            report.add(ConfigProblem::error(&origin, message).help("leave it in one of them"));
        }
    }
}
