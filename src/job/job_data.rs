//! The data of a job that its commands see.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::names::variable_form;
use super::template::{DataSource, TemplateReference};

/// The data that a command is rendered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobData<'a> {
    /// The number of the job.
    pub(crate) job_id: &'a str,
    /// The arguments, as [`ArgumentSchema::check`](super::ArgumentSchema::check) returns them.
    pub(crate) args: &'a Map<String, Value>,
    /// The results of the steps that have one, by step. For a revert the result of its own step is
    /// among them.
    pub(crate) results: &'a BTreeMap<String, Value>,
    /// The value of `try_each` of this execution.
    pub(crate) each: Option<&'a Value>,
    /// The variables of this worker.
    pub(crate) vars: &'a BTreeMap<String, String>,
}

impl<'a> JobData<'a> {
    /// Returns the JSON that a reference leads to.
    pub(super) fn find(&self, reference: &TemplateReference) -> Option<&'a Value> {
        let root = match &reference.source {
            DataSource::Argument(name) => self.args.get(name)?,
            DataSource::Each => self.each?,
            DataSource::Result(step) => self.results.get(step)?,
            DataSource::Variable(_) | DataSource::JobId => return None,
        };
        reference
            .path
            .iter()
            .try_fold(root, |value, key| match value {
                Value::Object(entries) => entries.get(key),
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// Returns the key of a result that a variable means by its form: `FILE_NAME` is `file-name`.
    /// `None` when no key, or more than one, has that form.
    pub(super) fn key_of_form(&self, step: &str, form: &str) -> Option<&'a str> {
        let entries = self.results.get(step)?.as_object()?;
        let mut keys = entries.keys().filter(|key| variable_form(key) == form);
        let key = keys.next()?;
        keys.next().is_none().then_some(key.as_str())
    }
}
