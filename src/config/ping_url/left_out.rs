//! What stands for the form of a URL in a build without the feature `ping`.

use crate::config::raw::Shape;
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::PingUrl;

const PING: Feature = feature_named!("ping");

/// Refuses every URL.
pub(super) fn ping_url(_: &Shape) -> Result<PingUrl, (&'static str, &'static str)> {
    Err((PING.is_needed, PING.remedy))
}
