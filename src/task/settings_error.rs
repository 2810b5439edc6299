//! Why the settings of a task cannot be read.

use std::error::Error;
use std::fmt;

/// Why the settings of a task cannot be read as the type that its function asks for.
#[derive(Debug)]
pub struct SettingsError(serde_json::Error);

impl SettingsError {
    pub(super) fn new(error: serde_json::Error) -> Self {
        SettingsError(error)
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings of the task are not what it takes")
    }
}

impl Error for SettingsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
