//! The values of a section, each as what it means.

use std::collections::BTreeMap;

use toml::Value;

use super::expand::Expansions;
use super::value::{flag, pairs};
use crate::import::page::{is_variable, text};

/// The values of a section, which are asked for one by one: what was not asked for is not known.
pub(super) struct SectionValues<'a> {
    /// As they are written.
    pub(super) written: &'a BTreeMap<String, String>,
    /// What is put into them.
    pub(super) expansions: Expansions,
}

impl SectionValues<'_> {
    /// Returns a value with everything put into it.
    pub(super) fn expanded(&self, key: &str) -> Result<Option<String>, String> {
        let Some(value) = self.written.get(key) else {
            return Ok(None);
        };
        let expanded = self.expansions.expand(value);
        expanded
            .map(Some)
            .map_err(|reason| format!("`{key}`: {reason}"))
    }

    /// Returns yes or no.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, String> {
        match self.expanded(key)? {
            None => Ok(default),
            Some(value) => flag(&value).ok_or_else(|| format!("`{key}` is neither true nor false")),
        }
    }

    /// Returns a number.
    pub(super) fn number(&self, key: &str, default: i64) -> Result<i64, String> {
        match self.expanded(key)? {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| format!("`{key}` is no number")),
        }
    }
}

/// Returns the variables that a section sets.
pub(super) fn environment(values: &SectionValues<'_>) -> Result<BTreeMap<String, String>, String> {
    let env = match values.expanded("environment")? {
        Some(environment) => pairs(&environment)?,
        None => BTreeMap::new(),
    };
    match env
        .iter()
        .find(|(name, value)| !is_variable(name) || value.contains('\0'))
    {
        Some((name, _)) => Err(format!("`{name}` cannot be a variable of a task")),
        None => Ok(env),
    }
}

/// Returns the permissions that it takes away.
pub(super) fn umask(values: &SectionValues<'_>) -> Result<Option<Value>, String> {
    let Some(mask) = values.expanded("umask")? else {
        return Ok(None);
    };
    let bits = u32::from_str_radix(&mask, 8)
        .ok()
        .filter(|bits| *bits <= 0o777);
    let bits = bits.ok_or("`umask` is no octal number up to 777")?;
    Ok(Some(text(format!("{bits:03o}"))))
}

/// Returns the exit codes that are expected.
pub(super) fn exit_codes(values: &SectionValues<'_>) -> Result<Vec<i64>, String> {
    let written = values
        .expanded("exitcodes")?
        .unwrap_or_else(|| "0".to_owned());
    let codes = written.split(',').map(|code| {
        code.trim()
            .parse()
            .ok()
            .filter(|code| (0..=255).contains(code))
    });
    let codes: Option<Vec<i64>> = codes.collect();
    codes.ok_or_else(|| "`exitcodes` is no list of numbers from 0 to 255".to_owned())
}

/// Where supervisord writes a stream to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LogTarget {
    /// Nowhere that matters.
    None,
    /// To its own output.
    Terminal,
    /// To a file.
    File(String),
}

/// Returns the path that is set, if one is. A value goes on in the lines below it that are
/// indented; a path does not.
pub(super) fn path(values: &SectionValues<'_>, key: &str) -> Result<Option<String>, String> {
    match values.expanded(key)? {
        Some(value) if value.contains(['\n', '\0']) => Err(format!(
            "its `{key}` has more than one line, which no path has"
        )),
        value => Ok(value.filter(|value| !value.is_empty())),
    }
}

/// Returns where a stream goes.
pub(super) fn log_file(values: &SectionValues<'_>, key: &str) -> Result<LogTarget, String> {
    let written = path(values, key)?.unwrap_or_default();
    let own = written.starts_with("/dev/") || written.starts_with("/proc/self/fd/");
    Ok(match written.to_lowercase().as_str() {
        "" | "none" | "off" | "auto" | "syslog" | "/dev/null" => LogTarget::None,
        _ if own => LogTarget::Terminal,
        _ => LogTarget::File(written),
    })
}
