//! What stands for the lock in a build without the feature `lock-consul`.

use crate::core::feature::{Feature, feature_named};
use crate::core::settings::LockSettings;
use crate::lock::error::LockError;
use crate::lock::lock_trait::Lock;

const FEATURE: Feature = feature_named!("lock-consul");

/// The engine, which this program is built without.
pub(in crate::lock) const ENGINE: Option<&str> = None;

/// Refuses every lock.
pub(in crate::lock) fn open(_: &LockSettings, key: &str) -> Result<Box<dyn Lock>, LockError> {
    Err(LockError::Refused {
        place: format!("the lock {key}"),
        why: format!("`backend = \"consul\"` {}", FEATURE.is_needed),
        remedy: FEATURE.remedy.to_owned(),
    })
}
