//! `[metrics]`: the file that a runner writes for the node exporter.

use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::options::ConfigSection;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::settings::MetricsSettings;

/// Puts the settings together. A file that no program would read, or that two runners would write,
/// is an error; a directory that is missing is no error: the chain does not depend on it.
pub(super) fn settings(
    layer: &mut Layer,
    base: &Path,
    report: &mut ConfigReport,
) -> MetricsSettings {
    layer.fill_defaults(ConfigSection::Metrics, base);
    let textfile: Option<PathBuf> = layer.get("textfile");
    if let Some(problem) = textfile.as_deref().and_then(|path| judge(layer, path)) {
        report.add(problem);
    }
    MetricsSettings { textfile }
}

fn judge(layer: &Layer, path: &Path) -> Option<ConfigProblem> {
    let origin = layer.origin("textfile");
    let (chain, ending) = (MetricsSettings::NAME, MetricsSettings::ENDING);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let directory = path.parent().unwrap_or(path);
    let such_as = |name: String| format!("such as `{}`", directory.join(name).display());
    let Some(stem) = name.strip_suffix(ending) else {
        let message =
            format!("`textfile` must end with `{ending}`: the node exporter reads no other file");
        let help = such_as(format!("run_functions_{chain}{ending}"));
        return Some(ConfigProblem::error(&origin, message).help(help));
    };
    if !stem.contains(chain) {
        let message = format!(
            "`textfile` needs `{chain}`, the name of the chain: each runner writes a file of its own"
        );
        return Some(
            ConfigProblem::error(&origin, message).help(such_as(format!("{stem}_{chain}{ending}"))),
        );
    }
    if !directory.is_dir() {
        let message = format!(
            "the directory of `textfile` does not exist: `{}`; the page is written when it does",
            directory.display()
        );
        return Some(ConfigProblem::warning(&origin, message));
    }
    None
}
