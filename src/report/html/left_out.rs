//! What stands for the page in a build without the feature `report-html`.

use crate::core::feature::{Feature, feature_named};
use crate::report::HistoryReport;

/// Returns which feature is missing.
pub(crate) fn page(_: &HistoryReport) -> Result<String, Feature> {
    Err(feature_named!("report-html"))
}
