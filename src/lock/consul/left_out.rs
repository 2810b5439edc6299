//! What stands for the lock in a build without the feature `lock-consul`.

use crate::core::feature::{Feature, feature_named};
use crate::core::settings::LockSettings;
use crate::lock::error::LockError;
use crate::lock::lock_trait::Lock;
use crate::lock::stored_value::StoredValue;

const FEATURE: Feature = feature_named!("lock-consul");

/// The engine, which this program is built without.
pub(in crate::lock) const ENGINE: Option<&str> = None;

/// Refuses every lock.
pub(in crate::lock) fn open(_: &LockSettings, key: &str) -> Result<Box<dyn Lock>, LockError> {
    Err(refusal(key))
}

/// Refuses every text.
pub(in crate::lock) fn open_value(
    _: &LockSettings,
    name: &str,
) -> Result<Box<dyn StoredValue>, LockError> {
    Err(refusal(name))
}

fn refusal(key: &str) -> LockError {
    LockError::Refused {
        place: format!("the lock {key}"),
        why: format!("`backend = \"consul\"` {}", FEATURE.is_needed),
        remedy: FEATURE.remedy.to_owned(),
    }
}
