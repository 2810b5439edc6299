//! Whether the settings of a task are what its function takes, before anything runs.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A table of settings as it is written: the whole file, and where in it the table stands.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct WrittenSettings<'a> {
    /// The text of the file.
    pub text: &'a str,
    /// The place of the table.
    pub span: Range<usize>,
}

/// What is wrong with settings.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFault {
    /// In words.
    pub message: String,
    /// Where in the file, if that is known.
    pub span: Option<Range<usize>>,
}

/// What checks settings; `None`: none are written.
#[doc(hidden)]
pub type SettingsCheck = fn(Option<WrittenSettings<'_>>) -> Result<(), SettingsFault>;

/// Checks whether settings are a `T`.
///
/// # Errors
///
/// What is wrong with them, and where.
#[doc(hidden)]
pub fn check_settings<T: DeserializeOwned>(
    written: Option<WrittenSettings<'_>>,
) -> Result<(), SettingsFault> {
    let Some(written) = written else {
        let nothing = serde_json::Value::Object(serde_json::Map::new());
        let read = serde_json::from_value::<T>(nothing);
        return read.map(drop).map_err(|error| SettingsFault {
            message: error.to_string(),
            span: None,
        });
    };
    // The file was read before.
    let Some(table) = table_at(&written) else {
        return Ok(());
    };
    let read = T::deserialize(ValueDeserializer::from(table));
    read.map(drop).map_err(|error| SettingsFault {
        message: error.message().to_owned(),
        span: error.span(),
    })
}

/// Returns the table that stands at the place.
fn table_at<'a>(written: &WrittenSettings<'a>) -> Option<Spanned<DeValue<'a>>> {
    let document = DeTable::parse(written.text).ok()?;
    let tasks = document.get_ref().get("tasks")?.get_ref().as_table()?;
    let tables = tasks.iter().filter_map(|(_, task)| {
        let settings = task.get_ref().as_table()?.get("settings")?;
        Some(settings).filter(|settings| settings.span() == written.span)
    });
    tables.into_iter().next().cloned()
}

impl fmt::Display for SettingsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
