//! Values of jobs as JSON.

use serde_json::Value;

use super::job_reader::JobReader;
use crate::config::json::json;
use crate::config::raw::Raw;

impl JobReader<'_> {
    /// Reads a value as JSON, or reports what is wrong with it.
    pub(super) fn json(&mut self, what: &str, raw: &Raw) -> Option<Value> {
        match json(raw) {
            Ok(value) => Some(value),
            Err((message, span)) => {
                self.error(&span, format!("{what} {message}"), "");
                None
            }
        }
    }
}
