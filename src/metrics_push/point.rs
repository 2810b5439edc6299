//! A number with its name, its tags and its time.

use std::time::SystemTime;

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MetricPoint {
    pub(super) name: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) value: f64,
    pub(super) at: SystemTime,
}
