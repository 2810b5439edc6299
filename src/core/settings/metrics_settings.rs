//! `[metrics]`.

use std::path::PathBuf;

/// Which other program reads how a chain fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetricsSettings {
    /// The file that its runner writes for the node exporter, with [`MetricsSettings::NAME`] in it.
    /// Absolute.
    pub textfile: Option<PathBuf>,
}

impl MetricsSettings {
    /// What stands for the name of the chain.
    pub(crate) const NAME: &'static str = "%n";
    /// What a file is called that the node exporter reads.
    pub(crate) const ENDING: &'static str = ".prom";

    /// Returns the file that the runner of a chain writes, if any.
    pub(crate) fn textfile_of(&self, chain: &str) -> Option<PathBuf> {
        let path = self.textfile.as_deref()?;
        let name = path.file_name()?.to_string_lossy();
        Some(path.with_file_name(name.replace(MetricsSettings::NAME, chain)))
    }
}
