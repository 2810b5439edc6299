//! The data of a job that its commands see.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::data_source::DataSource;
use super::names::variable_form;
use super::render_errors::{RenderError, RenderErrorKind};
use super::template_reference::TemplateReference;

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
    /// Returns the text of the value of a reference, and whether it is data, not the default.
    pub(super) fn text<'d>(
        &self,
        reference: &'d TemplateReference,
    ) -> Result<(Cow<'d, str>, bool), RenderError>
    where
        'a: 'd,
    {
        let found = match (&reference.source, self.find(reference)) {
            (DataSource::Variable(name), _) => self.vars.get(name).map(|text| text.as_str().into()),
            (DataSource::JobId, _) => Some(Cow::from(self.job_id)),
            (_, Some(Value::Null) | None) => None,
            (_, Some(value)) => Some(as_text(value)),
        };
        let rendered = match (found, &reference.default) {
            (Some(text), _) => (text, true),
            (None, Some(default)) => (default.into(), false),
            (None, None) => return Err(reference.error(RenderErrorKind::Missing)),
        };
        if rendered.0.contains('\0') {
            return Err(reference.error(RenderErrorKind::Nul));
        }
        Ok(rendered)
    }

    /// Returns the JSON that a reference leads to.
    fn find(&self, reference: &TemplateReference) -> Option<&'a Value> {
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

/// Returns a value as the text of an argument: texts as they are, all else as JSON.
fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
