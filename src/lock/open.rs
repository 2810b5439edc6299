//! From settings to a lock.

use super::error::LockError;
use super::file::FileLock;
use super::lock_trait::Lock;
use super::none::NoLock;
use super::registered::{registered, registered_schemes};
use super::stored_value::StoredValue;
use super::{consul, postgres};
use crate::core::settings::{LockEngine, LockSettings, checked_key};

/// Opens the lock of a chain. The lock shares nothing with others, and nothing is sent before its
/// first call.
///
/// # Errors
///
/// When the settings name nothing that could be opened: an engine that this program does not have,
/// an address of another form, a file of authorities without any.
pub fn open(settings: &LockSettings, chain: &str) -> Result<Box<dyn Lock>, LockError> {
    let key = settings.key.as_deref().unwrap_or(chain);
    checked_key(key).map_err(|wrong| LockError::Refused {
        place: format!("the lock `{key}`"),
        why: format!("it {wrong}"),
        remedy: "name it by `key` of `[lock]`, or by the URL of `--lock`".to_owned(),
    })?;
    match &settings.engine {
        LockEngine::None => Ok(Box::new(NoLock::default())),
        LockEngine::File => Ok(Box::new(FileLock::new(settings, key))),
        LockEngine::Consul => consul::open(settings, key),
        LockEngine::Postgres => postgres::open(settings, key),
        LockEngine::Registered(scheme) => match registered(scheme) {
            Some(backend) => (backend.open)(settings, key),
            None => Err(unknown(scheme)),
        },
    }
}

/// Opens the text `name` beside a lock. Nothing is sent before its first call.
///
/// # Errors
///
/// When the settings name nothing that could be opened.
pub(crate) fn open_value(
    settings: &LockSettings,
    name: &str,
) -> Result<Box<dyn StoredValue>, LockError> {
    // What may be written beside a lock goes by the name of the lock.
    let name = match &settings.key {
        Some(key) => format!("{key}:{name}"),
        None => name.to_owned(),
    };
    match &settings.engine {
        LockEngine::Consul => consul::open_value(settings, &name),
        LockEngine::Postgres => postgres::open_value(settings, &name),
        other => Err(LockError::Refused {
            place: format!("`backend = \"{other}\"`"),
            why: "it keeps no texts".to_owned(),
            remedy: "write `backend = \"consul\"` or `backend = \"postgres\"`".to_owned(),
        }),
    }
}

/// Returns the engines that this program has besides `file` and `none`.
pub(crate) fn engines() -> Vec<&'static str> {
    let mut engines = registered_schemes();
    engines.extend(consul::ENGINE);
    engines.extend(postgres::ENGINE);
    engines
}

fn unknown(scheme: &str) -> LockError {
    let mut known = engines();
    known.extend(["file", "none"]);
    LockError::Refused {
        place: format!("the lock `{scheme}`"),
        why: "this program has no engine of that name".to_owned(),
        remedy: format!("write one of {}", known.join(", ")),
    }
}
