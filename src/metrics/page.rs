//! The page as a whole.

use std::time::SystemTime;

use super::chain_metrics::ChainMetrics;
use super::{chains, tasks};
use crate::core::settings::MetricsSettings;

/// What a file has to be called for the node exporter to read it.
pub(crate) const ENDING: &str = MetricsSettings::ENDING;

/// Returns the page of these chains, each of which is named once.
pub(crate) fn page(chains: &[ChainMetrics<'_>], now: SystemTime) -> String {
    let mut text = String::new();
    chains::tell(&mut text, chains, now);
    tasks::tell(&mut text, chains, now);
    text
}
