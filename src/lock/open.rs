//! From settings to a lock.

use super::error::LockError;
use super::file::FileLock;
use super::lock_trait::Lock;
use super::none::NoLock;
use super::registered::{registered, registered_schemes};
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
