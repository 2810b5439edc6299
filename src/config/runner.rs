//! From what is written outside of tasks to the settings of a runner.

use std::path::{Path, PathBuf};

use super::board::BoardFeatures;
use super::inputs::Inputs;
use super::layer::Layer;
use super::options::ConfigSection;
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::value::Value;
use super::written::WrittenConfig;
use super::{board, liveness, lock, mail, metrics, metrics_push};
use crate::core::settings::{HistorySettings, LogFormat, LogSettings, Settings};

/// Puts the settings together and fills what is open in the layers. Defaults that are paths start
/// from `base`.
pub(super) fn settings(
    written: &mut WrittenConfig,
    base: &Path,
    inputs: &Inputs,
    report: &mut ConfigReport,
) -> Settings {
    let root = &mut written.root;
    root.fill_defaults(ConfigSection::Root, base);
    let run_root: PathBuf = root.need("run_root");
    root.fill("state_dir", Value::Path(run_root.clone()), Origin::Default);
    let state_dir: PathBuf = root.need("state_dir");
    let log = log_settings(&mut written.log, base, report);
    let history = history_settings(&mut written.history, base);
    let metrics = metrics::settings(&mut written.metrics, base, report);
    let metrics_push = metrics_push::settings(&written.metrics_push, inputs.pushes_metrics, report);
    let around = lock::LockSurroundings {
        base,
        run_root: &run_root,
        inputs,
    };
    let lock = lock::settings(&mut written.lock, around, report);
    let liveness = liveness::settings(&mut written.liveness, &lock, around, report);
    let features = BoardFeatures {
        postgres: inputs.has_board_postgres,
        http: inputs.has_board_http,
    };
    let board = board::location(&written.board, base, features, report);
    let mail = mail::settings(&mut written.mail, &state_dir, inputs, report);
    Settings {
        run_root,
        state_dir,
        log,
        kill_concurrent: written.root.need("kill_concurrent"),
        stop_timeout: written.root.need("stop_timeout"),
        kill_grace: written.root.need("kill_grace"),
        history,
        metrics,
        metrics_push,
        lock,
        liveness,
        board,
        mail,
    }
}

fn history_settings(layer: &mut Layer, base: &Path) -> HistorySettings {
    layer.fill_defaults(ConfigSection::History, base);
    HistorySettings {
        max_bytes: layer.need::<i64>("max_bytes").unsigned_abs(),
        max_age: layer.need("max_age"),
    }
}

fn log_settings(layer: &mut Layer, base: &Path, report: &mut ConfigReport) -> LogSettings {
    layer.fill_defaults(ConfigSection::Log, base);
    let level: String = layer.need("level");
    let file: Option<PathBuf> = layer.get("file");
    if let Some(path) = &file {
        judge_parent(layer, "file", path, report);
    }
    LogSettings {
        level: level.parse().unwrap_or(log::LevelFilter::Info),
        format: match layer.need::<String>("format").as_str() {
            "json" => LogFormat::Json,
            _ => LogFormat::Text,
        },
        file,
    }
}

/// Reports a file that is to be written into a directory that is not there: it may be when it is
/// opened.
pub(super) fn judge_parent(layer: &Layer, key: &str, path: &Path, report: &mut ConfigReport) {
    let parent = path.parent().unwrap_or(path);
    let origin = layer.origin(key);
    if path.is_dir() {
        let message = format!("`{key}` is a directory: `{}`", path.display());
        report.add(ConfigProblem::warning(&origin, message));
    } else if !parent.is_dir() {
        let message = format!(
            "the directory of `{key}` does not exist: `{}`",
            parent.display()
        );
        let help = format!("mkdir -p {}", parent.display());
        report.add(ConfigProblem::warning(&origin, message).help(help));
    }
}
