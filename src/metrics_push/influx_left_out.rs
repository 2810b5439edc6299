//! What stands for the client in a build without the feature `metrics-push`.

use super::push_error::PushError;
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::MetricsPushSettings;

const FEATURE: Feature = feature_named!("metrics-push");

/// The client that a build without the feature has.
pub(super) struct NoInfluxClient;

pub(super) use NoInfluxClient as InfluxClient;

impl NoInfluxClient {
    /// Refuses every server.
    pub(super) fn new(_: &MetricsPushSettings) -> Result<Self, PushError> {
        Err(PushError {
            words: format!("`[metrics_push]` {}", FEATURE.is_needed),
            may_pass: false,
        })
    }

    /// Sends nothing.
    pub(super) fn write(&self, _: &str) -> Result<(), PushError> {
        Ok(())
    }
}
